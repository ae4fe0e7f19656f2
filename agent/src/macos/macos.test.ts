import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insideArgs } from '../leases/inside.ts';
import { joinPort } from '../leases/join-port.ts';
import { PRIVATE_RANGES, parseRange } from '../leases/network/ranges.ts';
import { pathsOf, readRecords, writeRecord, type LeaseRecord } from '../leases/record.ts';
import { readVolumes, takeHome, volumeFolder } from '../leases/volumes.ts';
import type { RunCommand, Said } from '../machine/command.ts';
import type { WipeReport } from '../leases/wipe/reports.ts';
import type { Outside } from '../outside.ts';
import { homeAt, type Home } from '../state/home.ts';
import { endProcesses } from './account.ts';
import { examineMac } from './doctor.ts';
import { leaseRules } from './fence.ts';
import { holdByAccount } from './hold.ts';
import { lookAtMac } from './look.ts';
import { sandboxProfile } from './profile.ts';
import { wipeMac } from './wipe.ts';

/** Stands for a Mac's programs: says what a test tells it and keeps what it was asked. No proof of macOS. */
class RecordedMac {
  readonly asked: { readonly words: string; readonly input: string | undefined }[] = [];
  readonly #says: (words: string, asked: number) => Partial<Said>;

  constructor(says: (words: string, asked: number) => Partial<Said> = () => ({})) {
    this.#says = says;
  }

  readonly run: RunCommand = async (program, args, input) => {
    const words = [program, ...args].join(' ');
    this.asked.push({ words, input });
    const times = this.asked.filter((one) => one.words === words).length;
    return { code: 0, out: '', err: '', ...this.#says(words, times) };
  };

  index(part: string): number {
    const found = this.asked.findIndex(({ words }) => words.includes(part));
    if (found === -1) throw new Error(`nobody asked ${part}:\n${this.asked.map(({ words }) => words).join('\n')}`);
    return found;
  }
}

const LEASE = '0193e0a0-0000-7000-8000-00000000000a';
const UID = 1_000_000_007;
let home: Home;
beforeAll(() => {
  home = homeAt(mkdtempSync(join(tmpdir(), 'tandem-mac-')));
  mkdirSync(join(home.root, 'identity'), { recursive: true });
  writeFileSync(home.identity, JSON.stringify({ node: { id: 'n', name: 'mac-1' }, server: { host: '203.0.113.9', port: 4601 }, roots: [], standIn: false }));
  for (const file of [home.key, home.certificate]) writeFileSync(file, 'x');
});
afterAll(() => rmSync(home.root, { recursive: true, force: true }));

function lease(access: LeaseRecord['access']): LeaseRecord {
  const record: LeaseRecord = {
    lease: LEASE, fence: '7', units: ['mac'], access, boot: 'b', untilUptimeMs: 1_000, limits: { cpuMillis: null, memoryBytes: null, processes: 2_000, diskBytes: null }, network: { out: true, allow: ['10.1.0.0/16'], deny: [], resolvers: [] }, uid: UID, state: 'running', volume: null, devices: [], nodes: [], ranks: null,
  };
  mkdirSync(pathsOf(home, LEASE).folder, { recursive: true });
  writeRecord(home, record);
  return record;
}
const told: string[] = [];
const outside: Outside = { nowMs: () => 0, bootMs: () => 0, random: () => 0, wait: async () => {}, log: (message) => void told.push(message) };
const noAccount = (words: string, times: number): Partial<Said> => (words === 'id -u tenant' && times === 1 ? { code: 1 } : words.startsWith('pgrep') || words.startsWith('test -e') ? { code: 1 } : {});

describe('a lease on a Mac, from documentation, not tried on a Mac', () => {
  it('has pf closed before its account exists, and a profile, a screen password and a word on how to log in of its own', async () => {
    const mac = new RecordedMac(noAccount);
    const record = lease('shell');
    const paths = pathsOf(home, LEASE);
    const hold = await holdByAccount(home, record, paths, outside, 2, mac.run);
    const pf = mac.asked[mac.index('pfctl -E -a com.apple/tandem-lease')]!;
    expect(mac.index('pfctl')).toBeLessThan(mac.index('dscl . -create /Users/tenant'));
    expect(pf.input).toContain('block drop in quick on ! lo0 proto tcp from any to any port { 22, 5900 }');
    expect(pf.input!.indexOf(`to { 10.1.0.0/16 } user ${UID}`)).toBeLessThan(pf.input!.indexOf('10.0.0.0/8'));
    expect(pf.input).toContain('203.0.113.9/32');
    expect(pf.input!.indexOf(`on lo0 proto { tcp, udp } from any to any user ${UID}`)).toBeLessThan(pf.input!.indexOf('127.0.0.0/8'));
    expect(mac.asked.some(({ words }) => words.includes('admin') || words.includes('sudoers'))).toBe(false);
    expect(readFileSync(join(paths.folder, 'profile.sb'), 'utf8')).toBe(sandboxProfile({ name: 'tenant', uid: UID, home: '/Users/tenant' }, home.root, [paths.ssh]));
    const screen = readFileSync(join(paths.folder, 'screen-password'), 'utf8');
    expect(mac.index(`-vncpw ${screen}`)).toBeGreaterThan(mac.index('pfctl'));
    expect(mac.asked[mac.index('tandem-login.txt')]!.input).toContain(readFileSync(join(paths.folder, 'login-password'), 'utf8'));
    expect(insideArgs(hold.inside, ['/usr/bin/true'])).toEqual(['/bin/launchctl', ['asuser', String(UID), '/usr/bin/sudo', '-n', '-H', '-u', 'tenant', '--', '/usr/bin/sandbox-exec', '-f', join(paths.folder, 'profile.sb'), '/bin/sh', '-c', 'ulimit -u "$1"; shift; exec "$@"', 'sh', '2000', '/usr/bin/true']]);
    const bounds = JSON.parse(readFileSync(join(paths.folder, 'bounds.json'), 'utf8')) as { unbound: { what: string }[]; limits: { processes: number } };
    expect([bounds.limits.processes, bounds.unbound.map(({ what }) => what)]).toEqual([2_000, ['cpu', 'memory', 'disk']]);

    const before = mac.asked.length;
    hold.end();
    hold.end();
    await hold.over;
    const after = mac.asked.slice(before).map(({ words }) => words);
    expect(after.findIndex((words) => words.startsWith('pwpolicy'))).toBeLessThan(after.findIndex((words) => words.startsWith('pgrep')));
    expect(after.filter((words) => words.startsWith('pgrep'))).toHaveLength(1);
    expect(after.some((words) => words.includes('launchctl disable system/com.apple.screensharing'))).toBe(true);
  });

  it('with root has sudo, no profile, and says what does not bind it', async () => {
    const mac = new RecordedMac(noAccount);
    const record = lease('root');
    const hold = await holdByAccount(home, record, pathsOf(home, LEASE), outside, 2, mac.run);
    expect(mac.asked[mac.index('/etc/sudoers.d/tenant')]!.input).toBe('tenant ALL=(ALL) NOPASSWD: ALL\n');
    expect(mac.asked[mac.index('pfctl -E')]!.input).toBe('block drop in quick on ! lo0 proto tcp from any to any port { 22, 5900 }\n');
    expect(insideArgs(hold.inside, ['/bin/zsh'])[1].slice(-2)).toEqual(['--', '/bin/zsh']);
  });

  it('lets nobody in when pf does not take its rules, and tells no password when a step fails', async () => {
    const closed = new RecordedMac((words) => (words.startsWith('pfctl') ? { code: 1, err: 'pfctl: syntax error' } : {}));
    await expect(holdByAccount(home, lease('shell'), pathsOf(home, LEASE), outside, 2, closed.run)).rejects.toThrow('pf did not take the rules of the lease: pfctl: syntax error');
    expect(closed.asked).toHaveLength(1);
    const broken = new RecordedMac((words, times) => (words.startsWith('dscl . -passwd') ? { code: 78, err: 'no' } : noAccount(words, times)));
    const error = await holdByAccount(home, lease('shell'), pathsOf(home, LEASE), outside, 2, broken.run).catch((caught: Error) => caught);
    expect((error as Error).message).toBe('dscl ended with 78: no');
  });

  it('ends processes that fork while they are looked for, and says when some cannot be ended', async () => {
    const mac = new RecordedMac((words, times) => (words.startsWith('pgrep') ? { code: times < 4 ? 0 : 1 } : {}));
    expect(await endProcesses({ uid: UID }, mac.run, async () => {})).toBe(true);
    expect(mac.asked.map(({ words }) => words.split(' ').slice(0, 2).join(' '))).toEqual(['pgrep -U', 'pkill -STOP', 'pkill -KILL', 'pgrep -U', 'pkill -STOP', 'pkill -KILL', 'pgrep -U', 'pkill -STOP', 'pkill -KILL', 'pgrep -U']);
    expect(await endProcesses({ uid: UID }, new RecordedMac().run, async () => {})).toBe(false);
  });

  it('is wiped with its account, home and shared things, and is not clean while anything is left', async () => {
    const gone = new RecordedMac((words) => (words.startsWith('pgrep') || words === 'id -u tenant' || words.startsWith('test -e') ? { code: 1 } : words.startsWith('sw_vers') ? { out: '26.1\n' } : {}));
    const report = await wipeMac(lease('shell'), null, { home, agentVersion: '0.1.0', walkMs: 60_000, wait: async () => {}, run: gone.run });
    expect(report).toMatchObject({ clean: true, method: 'reset', versions: { agent: '0.1.0', macos: '26.1' } });
    expect(report.unchecked.length).toBeGreaterThan(1);
    expect(gone.index(`-uid ${UID} -delete`)).toBeLessThan(gone.index('dscl . -delete /Users/tenant'));
    expect(readRecords(home)).toEqual([]);

    const left = new RecordedMac((words) => (words.startsWith('pgrep') ? { code: 1 } : words.endsWith('-print') ? { out: '/Users/Shared/x\n' } : {}));
    const dirty = await wipeMac(lease('shell'), null, { home, agentVersion: '0.1.0', walkMs: 60_000, wait: async () => {}, run: left.run });
    expect(dirty).toMatchObject({ clean: false, evidence: ["/Users/Shared/x is its user's still", 'its account is there still', 'its home is there still: give the agent Full Disk Access'] });
    expect(readRecords(home)).toHaveLength(1);
  });

  it('without a network reaches itself alone; rules name both families', () => {
    const rules = leaseRules(UID, [parseRange('0.0.0.0/0')!, parseRange('::/0')!], []);
    expect(rules.split('\n').slice(1)).toEqual([`pass out quick on lo0 proto { tcp, udp } from any to any user ${UID}`, `block return out quick inet proto { tcp, udp } from any to { 0.0.0.0/0 } user ${UID}`, `block return out quick inet6 proto { tcp, udp } from any to { ::/0 } user ${UID}`, '']);
    expect(leaseRules(UID, PRIVATE_RANGES, []).match(/user/g)).toHaveLength(3);
  });

  it('reaches a port by nc, whose bash knows no other way', () => {
    expect(joinPort(5_900, { tries: 300, platform: 'darwin' })).toEqual(['/bin/sh', '-c', expect.stringMatching(/^tries=300; .* echo ok; exec \/usr\/bin\/nc 127\.0\.0\.1 5900$/)]);
  });

  it('is looked over by the doctor, who says first that none of it was tried', async () => {
    const good = new RecordedMac((words) => (words.startsWith('defaults') ? { code: 1 } : words.startsWith('pmset') ? { out: ' sleep                0\n' } : {}));
    expect((await examineMac(good.run)).map(({ id, state }) => `${id} ${state}`)).toEqual(['macos warn', 'sandbox pass', 'firewall pass', 'ssh pass', 'disk-access pass', 'automatic-login pass', 'sleep pass']);
    const bad = new RecordedMac((words) => (words.startsWith('defaults') ? { out: 'admin\n' } : words.startsWith('pmset') ? { out: ' sleep                10 (by caffeinate)\n' } : { code: null }));
    expect((await examineMac(bad.run)).map(({ state }) => state)).toEqual(['warn', 'fail', 'fail', 'fail', 'fail', 'warn', 'warn']);
  });
});

describe('a home that is kept on a Mac, from documentation, not tried on a Mac', () => {
  const VOLUME = '0192f0c1-7a00-7000-8000-0000000000cc';
  const gone = (words: string): Partial<Said> => (words.startsWith('pgrep') || words === 'id -u tenant' || words.startsWith('test -e') ? { code: 1 } : words.startsWith('find') && words.includes('stat -f %z') ? { out: '5\n7\n' } : {});
  /** Moves what a Mac would: the home of the account is a folder of the test. */
  const moving = (words: string): Partial<Said> => {
    const [, from, to] = /^mv (\S+) (\S+)$/.exec(words) ?? [];
    if (from === '/Users/tenant') mkdirSync(to!);
    else if (to === '/Users/tenant') rmSync(from!, { recursive: true });
    return gone(words);
  };
  const wiping = { home: undefined as unknown as Home, agentVersion: '0.1.0', walkMs: 600_000, wait: async () => {} };

  it('lies apart with its login before its account goes, and is the home of the lease that takes it', async () => {
    const mac = new RecordedMac(moving);
    const record = lease('shell');
    const { folder } = pathsOf(home, LEASE);
    writeFileSync(join(folder, 'login-password'), 'as-it-was');
    const report = await wipeMac(record, VOLUME, { ...wiping, home, run: mac.run });
    expect(report).toMatchObject({ clean: true, kept: { volume: VOLUME, files: 2, bytes: 12 }, unchecked: expect.arrayContaining([expect.stringContaining('wished it kept')]) as unknown });
    expect(mac.index('chflags -h nouchg,nouappnd /Users/tenant')).toBeLessThan(mac.index('mv /Users/tenant'));
    expect(mac.index('mv /Users/tenant')).toBeLessThan(mac.index('dscl . -delete /Users/tenant'));
    expect(mac.index(`-path ${volumeFolder(home, VOLUME)} -prune -o -uid ${UID} -print`)).toBeGreaterThan(0);
    expect([readVolumes(home), readFileSync(join(volumeFolder(home, VOLUME), 'login-password'), 'utf8')]).toEqual([[{ volume: VOLUME, uid: UID }], 'as-it-was']);

    const next = new RecordedMac(moving);
    const again = lease('shell');
    const paths = pathsOf(home, LEASE);
    takeHome(home, VOLUME, paths);
    await holdByAccount(home, again, paths, outside, 2, next.run);
    expect(next.index(`mv ${paths.files} /Users/tenant`)).toBeLessThan(next.index('dscl . -create /Users/tenant'));
    expect(next.asked.some(({ words }) => words.startsWith('createhomedir'))).toBe(false);
    expect(next.index('dscl . -passwd /Users/tenant as-it-was')).toBeGreaterThan(0);
  });

  it('is neither put over another nor wiped when it cannot be moved', async () => {
    const record = lease('shell');
    const paths = pathsOf(home, LEASE);
    mkdirSync(paths.files, { recursive: true });
    const other = new RecordedMac((words) => (words.startsWith('test -e') ? {} : gone(words)));
    await expect(holdByAccount(home, record, paths, outside, 2, other.run)).rejects.toThrow('another is in its place');
    rmSync(paths.files, { recursive: true });
    const stuck = new RecordedMac((words) => (words.startsWith('mv ') ? { code: 1 } : gone(words)));
    await expect(wipeMac(record, VOLUME, { ...wiping, home, run: stuck.run })).rejects.toThrow('mv ended with 1');
    expect(stuck.asked.some(({ words }) => words.startsWith('rm -rf') || words.includes('-delete'))).toBe(false);
  });

  it('is counted with what runs, but for what the system starts for every user', async () => {
    const mac = new RecordedMac((words) => (words.startsWith('ps ') ? { out: '/usr/sbin/cfprefsd\n/System/Library/CoreServices/Finder.app/Contents/MacOS/Finder\n/Applications/Xcode.app/Contents/MacOS/Xcode\n-zsh\n/bin/zsh\nscript\n' } : gone(words)));
    expect(await lookAtMac(UID, mac.run)).toEqual({ files: 2, bytes: 12, whole: true, processes: [{ name: 'zsh', count: 2 }, { name: 'Xcode', count: 1 }] });
  });

  it('is not clean while some of the disk was not looked over for want of time', async () => {
    const walk = async (code: number | null): Promise<WipeReport> => wipeMac(lease('shell'), null, { ...wiping, home, run: new RecordedMac((words) => (words.endsWith('-print') ? { code } : gone(words))).run });
    expect(await walk(1)).toMatchObject({ clean: true, evidence: expect.arrayContaining([expect.stringContaining('in what could be read of /Users')]) as unknown, unchecked: expect.arrayContaining([expect.stringContaining('could not be read in /Users')]) as unknown });
    expect(await walk(null)).toMatchObject({ clean: false, evidence: [expect.stringContaining('was not finished after 600 s')] });
  });
});
