import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { runCommand } from '../machine/command.ts';
import type { Outside } from '../outside.ts';
import type { Home } from '../state/home.ts';
import { writeBounds } from './bounds.ts';
import { inGroups, type Sandbox } from './inside.ts';
import type { LeasePaths, LeaseRecord } from './record.ts';
import { READY, prepareFolders, sandboxArgs } from './sandbox.ts';
import { Surroundings, takeAway } from './surroundings.ts';
import { canariesOf, plant } from './wipe/canary.ts';
import { plantInCards } from './wipe/card-memory.ts';

/** What holds all programs of one lease on this machine. */
export interface Hold {
  readonly inside: Sandbox;
  /** Resolves when nothing of the lease runs any more. */
  readonly over: Promise<void>;
  /** Ends all of it, for good. `over` says when that is done. */
  end(): void;
  /** Takes away what stands on the machine for a lease that runs no more. */
  takeAway(): Promise<void>;
}

/** A sandbox of Linux: its first process takes all others with it, and goes itself when its keeper does. @throws Error when it does not start. */
export async function holdInSandbox(home: Home, record: LeaseRecord, paths: LeasePaths, outside: Outside, log: number): Promise<Hold> {
  prepareFolders(record, paths);
  const canaries = canariesOf(paths, outside.nowMs());
  const inCards = plantInCards(record.devices, canaries.token, canaries.cards ?? [], runCommand);
  const surroundings = new Surroundings(home, record, paths);
  await surroundings.prepare(outside);
  const [program, args] = inGroups(surroundings.groups, ['setpriv', '--reuid', String(record.uid), '--regid', String(record.uid), '--clear-groups', 'bwrap', ...sandboxArgs(record, paths, 3)]);
  const sandbox = spawn(program, args, { stdio: ['ignore', 'pipe', log, 'pipe'], env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } });
  const over = new Promise<void>((resolve) => {
    sandbox.once('close', () => resolve());
    sandbox.once('error', () => resolve());
  });
  const pid = await firstProcess(sandbox);
  outlastTenants(pid);
  writeBounds(paths, await surroundings.attach(pid));
  const inside: Sandbox = { pid, uid: record.uid, groups: surroundings.groups };
  plant(record, paths, inside, canaries, await inCards);
  return {
    inside, over,
    end() {
      // The first process of a pid namespace takes all others with it, sessions included, and is gone only after them.
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It went by itself.
      }
    },
    takeAway: () => takeAway(home, (other) => other !== record.lease, outside),
  };
}

/** When the lease's memory is full, the kernel ends one of its programs; were it the sandbox's first, the lease would end with it. */
function outlastTenants(first: number): void {
  try {
    const children = readFileSync(`/proc/${first}/task/${first}/children`, 'utf8').split(' ').filter((pid) => pid !== '');
    for (const pid of [String(first), ...children]) writeFileSync(`/proc/${pid}/oom_score_adj`, '-900');
  } catch {
    // A container may not raise anything above what it is itself.
  }
}

/** Which process is the first inside, once the sandbox is whole. @throws Error when there is none. */
function firstProcess(sandbox: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new Error('the sandbox did not start'));
    let info = '';
    let said = '';
    const look = (): void => {
      const pid = Number(/"child-pid":\s*(\d+)/.exec(info)?.[1]);
      if (said.includes(READY) && Number.isSafeInteger(pid) && pid > 1) resolve(pid);
    };
    (sandbox.stdio[3] as NodeJS.ReadableStream).on('data', (chunk: Buffer) => {
      info += chunk.toString();
      look();
    });
    sandbox.stdout!.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      look();
    });
    sandbox.once('error', fail);
    sandbox.once('close', fail);
  });
}
