import { existsSync, realpathSync, rmSync } from 'node:fs';
import type { LeaseRecord } from '../leases/record.ts';
import { pathsOf, removeRecord } from '../leases/record.ts';
import { volumeFolder } from '../leases/volumes.ts';
import { HOME_KEPT, dropReport, keepReport, type WipeReport } from '../leases/wipe/reports.ts';
import type { WiperOptions } from '../leases/wipe/wipe.ts';
import { runCommand } from '../machine/command.ts';
import { accountOf, removeAccount, runSteps } from './account.ts';
import { endAccount, takeAwayFromMac } from './hold.ts';
import { keepMacHome } from './kept-home.ts';

/** Where a user of macOS leaves things beside its home. The last two are where launchd and dirhelper give each user folders of its own. */
const SHARED_FOLDERS = ['/Users/Shared', '/private/tmp', '/private/var/tmp', '/private/var/folders', '/Library/Caches'];
/** All that a user without root could write to, on the data volume. */
const WALKED = ['/Users', '/private', '/Library', '/Applications', '/opt', '/usr/local'];
const MOST_FOUND = 20;

/**
 * Takes away what a lease without root left on a Mac, and looks for what is left. What had root is never wiped from inside: its Mac is erased or
 * reinstalled from outside. From documentation; not tried on a Mac. @param keep the volume that its home becomes; null: it goes too.
 */
export async function wipeMac(record: LeaseRecord, keep: string | null, { home, agentVersion, walkMs, wait, run = runCommand }: WiperOptions): Promise<WipeReport> {
  const paths = pathsOf(home, record.lease);
  const account = accountOf(record.uid);
  const uid = String(record.uid);
  const ended = await endAccount(record.uid, { wait }, run);
  const kept = keep === null ? null : await keepMacHome(home, account, paths, keep, run);
  // find(1) as root and by owner: it follows no link, and removes the link itself.
  await run('find', [...SHARED_FOLDERS, '-xdev', '-uid', uid, '-delete'], undefined, walkMs);
  await run('crontab', ['-u', account.name, '-r']);
  await runSteps(removeAccount(account), run, { anyway: true });
  await run('rm', ['-rf', account.home], undefined, walkMs);
  await takeAwayFromMac(run);
  const pruned = keep === null ? [] : ['-path', realpathSync(volumeFolder(home, keep)), '-prune', '-o'];
  const [left, user, homeLeft, version] = await Promise.all([run('find', [...WALKED, '-xdev', ...pruned, '-uid', uid, '-print'], undefined, walkMs), run('id', ['-u', account.name]), run('test', ['-e', account.home]), run('sw_vers', ['-productVersion'])]);
  const found = [
    ...(ended ? [] : ['a process of its user runs still']), ...(left.code === null ? [`looking over ${WALKED.join(', ')} was not finished after ${walkMs / 1_000} s`] : []),
    ...left.out.split('\n').filter((path) => path !== '').slice(0, MOST_FOUND).map((path) => `${path.slice(0, 200)} is its user's still`),
    ...(user.code === 0 ? ['its account is there still'] : []),
    ...(homeLeft.code === 0 ? ['its home is there still: give the agent Full Disk Access'] : []),
  ];
  const evidence = ['no process of its user is left', `nothing of its user is left in ${left.code === 0 ? '' : 'what could be read of '}${WALKED.join(', ')}`, kept === null ? 'its account, its home and the keychains in it are gone' : 'its account is gone', 'the password of the screen was taken away', 'its rules of pf are gone'];
  // find(1) ends with another code where something could not be read: macOS keeps some of its folders from root too, and no user writes there.
  const unchecked = [
    'the system\'s own databases, such as those of privacy choices and of the unified log', 'the state of simulators and of caches that programs of the system keep for all',
    ...(kept === null ? [] : [HOME_KEPT]), ...(left.code === 0 ? [] : [`what could not be read in ${WALKED.join(', ')}`]), 'the blocks of the disk were freed and not overwritten; the disk is encrypted by its own key',
  ];
  const report: WipeReport = { clean: found.length === 0, method: 'reset', evidence: found.length > 0 ? found : evidence, unchecked, canaries: { planted: [], found: [] }, versions: { agent: agentVersion, macos: version.out.trim().slice(0, 40) }, kept };
  if (!report.clean) return report;
  keepReport(home, record.lease, report);
  removeRecord(home, record.lease);
  if (!existsSync(paths.folder)) return report;
  dropReport(home, record.lease);
  rmSync(paths.folder, { recursive: true, force: true });
  return { ...report, clean: false, evidence: ['the folder of the lease could not be removed'] };
}
