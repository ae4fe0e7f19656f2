import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../../state/home.ts';
import { insideArgs, type Sandbox } from '../inside.ts';
import type { LeasePaths, LeaseRecord } from '../record.ts';
import type { CardCanary } from './card-memory.ts';

/** What is planted for one lease, to be looked for after its wipe. Kept in the lease's folder, for root alone. */
export interface Canaries {
  /** Stands in each of them and nowhere else in the world. */
  readonly token: string;
  /** Where they were planted: places inside the sandbox, and paths on the machine. */
  readonly places: readonly string[];
  /** In the memory of its cards and slices; absent: of an agent's release that planted none there. */
  readonly cards?: readonly CardCanary[];
  /** When they were first planted, UTC milliseconds. */
  readonly atMs: number;
}

/** Its folder in the lease's home. */
const FOLDER = '.tandem-canary';
/** Where every user of a machine may write files. */
const OUTSIDE = ['/tmp', '/var/tmp', '/dev/shm', '/run/lock'];
const MOST_MS = 10_000;

/** Planted by the lease's user itself, as its own things come about: refused where that user could leave nothing either. */
const PLANT_OUTSIDE = `umask 077; read -r token; for folder in "$@"; do file="$folder/tandem-canary-$0"; rm -f "$file"; (set -C; echo "$token" > "$file") 2>/dev/null && echo "$file"; done; exit 0`;
const PLANT_INSIDE = `umask 077; read -r token
words="Planted by Tandem to see that the wipe after this lease leaves nothing. $token"
put() { rm -rf "$2"; echo "$words" > "$2" 2>/dev/null && echo "$1"; }
mkdir -p "$HOME/${FOLDER}" 2>/dev/null
put 'home' "$HOME/${FOLDER}/note"
put 'key file' "$HOME/${FOLDER}/key"
put '/tmp of the sandbox' /tmp/tandem-canary
put '/run of the sandbox' /run/tandem-canary
put 'shared memory of the sandbox' /dev/shm/tandem-canary
(exec -a "tandem-canary $token" sleep infinity) > /dev/null 2>&1 < /dev/null & kill -0 $! 2>/dev/null && echo process
exit 0`;

/** What is planted when a lease begins, and again after a restart: the same, since what was planted before may lie somewhere still. */
export function canariesOf(paths: LeasePaths, nowMs: number): Canaries {
  return readCanaries(paths) ?? { token: randomBytes(32).toString('hex'), places: [], atMs: nowMs };
}

/** Plants them outside and inside of a sandbox that runs. Never throws: what could not be planted is not in `places`. */
export function plant({ uid }: LeaseRecord, paths: LeasePaths, sandbox: Sandbox, { token, atMs }: Canaries, cards: readonly CardCanary[]): void {
  const said = (program: string, args: readonly string[], options: object): string[] => {
    const { status, stdout } = spawnSync(program, args, { input: `${token}\n`, timeout: MOST_MS, cwd: '/', encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'], ...options });
    return status === 0 ? stdout.split('\n').filter((line) => line !== '') : [];
  };
  const env = { PATH: '/usr/bin:/bin' };
  const outside = said('/bin/sh', ['-c', PLANT_OUTSIDE, token.slice(0, 16), ...OUTSIDE], { uid, gid: uid, env });
  const inside = said(...insideArgs(sandbox, ['/bin/bash', '-c', PLANT_INSIDE]), { env: { ...env, HOME: '/home/tenant' } });
  const canaries: Canaries = { token, places: [...inside, ...outside], cards, atMs };
  writeWhole(pathOf(paths), `${JSON.stringify(canaries)}\n`);
}

/** Undefined: none was planted. */
export function readCanaries(paths: LeasePaths): Canaries | undefined {
  try {
    return JSON.parse(readFileSync(pathOf(paths), 'utf8')) as Canaries;
  } catch {
    return undefined;
  }
}

/** Takes them out of a lease's home, before that is kept. Nothing of the lease may run. @param files the home, as it lies on the machine. */
export function unplant(files: string): void {
  rmSync(join(files, FOLDER), { recursive: true, force: true });
}

function pathOf({ folder }: LeasePaths): string {
  return join(folder, 'canaries.json');
}
