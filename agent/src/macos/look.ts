import type { HomeLook } from '../leases/look.ts';
import type { RunCommand } from '../machine/command.ts';
import { accountOf } from './account.ts';
import { sizesOfMac } from './kept-home.ts';

const MOST_NAMES = 20;
/** What launchd starts for every user: nothing that somebody would miss. */
const OF_THE_SYSTEM = /^\/(?:System|usr\/libexec|usr\/sbin)\//;
/** How the agent enters a lease. */
const OURS = /^(?:sudo|launchctl|script|sandbox-exec|sshd|sshd-session)$/;

/** What would be gone with a lease on a Mac. ps(1) prints the path of each program; of names the last part is told. */
export async function lookAtMac(uid: number, run: RunCommand): Promise<HomeLook> {
  const [sizes, { out }] = await Promise.all([sizesOfMac(accountOf(uid).home, run), run('ps', ['-U', String(uid), '-o', 'comm='])]);
  const names = out.split('\n').map((line) => line.trim()).filter((path) => path !== '' && !OF_THE_SYSTEM.test(path)).map((path) => path.replace(/^.*\//, '').replace(/^-/, '').slice(0, 60)).filter((name) => !OURS.test(name));
  const processes = [...Map.groupBy(names, (name) => name)].map(([name, all]) => ({ name, count: all.length })).sort((a, b) => b.count - a.count).slice(0, MOST_NAMES);
  return { ...sizes, processes };
}
