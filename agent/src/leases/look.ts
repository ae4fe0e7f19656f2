import { spawn } from 'node:child_process';
import { lstatSync, readFileSync, readdirSync } from 'node:fs';
import { insideArgs } from './inside.ts';

/** What would be gone with a lease. */
export interface HomeLook {
  readonly files: number;
  readonly bytes: number;
  /** False: the counting was cut short, there is more. */
  readonly whole: boolean;
  readonly processes: readonly { readonly name: string; readonly count: number }[];
}

const MOST_MS = 8_000;
const MOST_NAMES = 20;
/** Programs that stand in every lease without its tenant. */
const OURS = /^(?:bwrap\0|tandem-canary |sleep\0infinity\0|\/bin\/sh\0-c\0echo ready)/;

/** Looks at a lease that runs, from inside and as its user: what the user cannot see is not counted. */
export async function lookAtHome(uid: number): Promise<HomeLook> {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && ownerOf(name) === uid);
  const inside = processes.find((pid) => /^NSpid:\s+\d+\s+\d+/m.test(textOf(pid, 'status')));
  const names = processes.filter((pid) => !OURS.test(textOf(pid, 'cmdline'))).map((pid) => textOf(pid, 'comm').trim()).filter((name) => name !== '');
  const counted = [...Map.groupBy(names, (name) => name)].map(([name, all]) => ({ name, count: all.length })).sort((a, b) => b.count - a.count).slice(0, MOST_NAMES);
  const sizes = inside === undefined ? { files: 0, bytes: 0, whole: false } : await sizesIn(insideArgs({ pid: Number(inside), uid, groups: [] }, ['find', '/home/tenant', '-xdev', ...WITHOUT_CANARY, '-type', 'f', '-printf', '%s\\n']));
  return { ...sizes, processes: counted };
}

/** The same of a folder of files that nothing runs in. Begun inside of it: the user cannot come there from above. */
export function sizesOf(folder: string, uid: number): Promise<Omit<HomeLook, 'processes'>> {
  return sizesIn(['setpriv', ['--reuid', String(uid), '--regid', String(uid), '--clear-groups', 'find', '.', '-xdev', '-type', 'f', '-printf', '%s\\n']], folder);
}

const WITHOUT_CANARY = ['-name', '.tandem-canary', '-prune', '-o'];

function sizesIn([program, args]: readonly [string, readonly string[]], cwd = '/'): Promise<Omit<HomeLook, 'processes'>> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'ignore'], env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } });
    let [files, bytes, whole, rest] = [0, 0, true, ''];
    const timer = setTimeout(() => {
      whole = false;
      child.kill('SIGKILL');
    }, MOST_MS);
    child.stdout.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString('latin1')).split('\n');
      rest = lines.pop()!;
      for (const line of lines) {
        files += 1;
        bytes += Number(line) || 0;
      }
    });
    child.once('error', () => resolve({ files: 0, bytes: 0, whole: false }));
    child.once('close', () => {
      clearTimeout(timer);
      resolve({ files, bytes, whole });
    });
  });
}

function ownerOf(pid: string): number | undefined {
  return lstatSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid;
}

function textOf(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
