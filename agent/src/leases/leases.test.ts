import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realWait, type Outside } from '../outside.ts';
import { homeAt, type Home } from '../state/home.ts';
import { canSandbox } from '../testing/can-sandbox.ts';
import { runInLease } from '../testing/run-in-lease.ts';
import { showNodes } from './gpus/show.ts';
import { Leases } from './leases.ts';
import { pathsOf, readRecords } from './record.ts';
import { leftBehind } from './wipe/left-behind.ts';

const A = '0192f0c1-7a00-7000-8000-00000000000a';
const B = '0192f0c1-7a00-7000-8000-00000000000b';
const outside: Outside = { nowMs: () => Date.now(), bootMs: () => uptime() * 1_000, random: () => 0.5, wait: realWait, log: () => {} };

let home: Home;
const book = (boot = 'this-boot'): Leases => new Leases({ home, boot, outside, program: join(import.meta.dirname, '../main.ts'), agentVersion: '0.0.0', wipes: { walkMs: 60_000, roots: [home.root] } });
const grant = (lease: string, fence: string, forMs = 60_000, more: object = {}) => ({ lease, fence, units: ['whole'], access: 'shell', boot: 'this-boot', untilUptimeMs: Math.floor(outside.bootMs() + forMs), ...more });
const running = async (leases: Leases): Promise<string[]> => ((await leases.list())['leases'] as { lease: string }[]).map(({ lease }) => lease);
const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  for (let tries = 0; !(await holds()); tries += 1) {
    if (tries === 400) throw new Error('it did not come about');
    await realWait(25);
  }
};

beforeEach(() => {
  home = homeAt(mkdtempSync(join(tmpdir(), 'tandem-leases-')));
  // A lease's user goes through it to its own folder, as through /var/lib/tandem-agent.
  chmodSync(home.root, 0o711);
});
afterEach(async () => {
  const leases = book();
  for (const { lease } of readRecords(home)) await leases.end({ lease, fence: '999999' });
  rmSync(home.root, { recursive: true, force: true });
});

describe.runIf(canSandbox)('leases on a machine (stand-in, not macOS)', () => {
  it('run in a sandbox of their own, outlive the agent, and end by themselves when their time is over', async () => {
    const leases = book();
    await leases.grant(grant(A, '1'));
    expect(await running(leases)).toEqual([A]);
    // Another start of the agent finds them.
    const next = book();
    expect(await running(next)).toEqual([A]);
    await next.grant(grant(A, '1', 900));
    await until(() => !existsSync(pathsOf(home, A).socket));
    expect(await running(book())).toEqual([]);
    expect(leftBehind(readRecords(home)[0]!.uid).filter((one) => !one.includes('tandem-canary'))).toEqual([]);
  });

  it('are fenced: one at a time on a unit, the next only after a wipe, and none older than was seen', async () => {
    const leases = book();
    await leases.grant(grant(A, '5'));
    await expect(leases.grant(grant(B, '6'))).rejects.toMatchObject({ code: 'not_wiped' });
    await expect(leases.end({ lease: A, fence: '4' })).rejects.toMatchObject({ code: 'fenced' });
    await leases.end({ lease: A, fence: '5' });
    await expect(leases.grant(grant(B, '6'))).rejects.toMatchObject({ code: 'not_wiped' });
    const [record] = readRecords(home);
    writeFileSync(join(pathsOf(home, A).files, 'secret'), 'a tenant\'s');
    expect(await leases.wipe({ lease: A, fence: '5' })).toMatchObject({ clean: true, method: 'reset' });
    expect(existsSync(pathsOf(home, A).folder)).toBe(false);
    await expect(leases.grant(grant(B, '4'))).rejects.toMatchObject({ code: 'fenced' });
    await leases.grant(grant(B, '6'));
    expect(readRecords(home)[0]!.uid).toBe(record!.uid);
    expect(await running(leases)).toEqual([B]);
  });

  it('end at once, whatever else the agent is about', async () => {
    const leases = book();
    await leases.grant(grant(A, '1', 60_000, { units: ['one'] }));
    // Neither word has come to an end when the next is said.
    const starting = leases.grant(grant(B, '2', 60_000, { units: ['two'] }));
    const ending = leases.end({ lease: A, fence: '1' });
    let started = false;
    void starting.then(() => { started = true; });
    const { uid } = readRecords(home).find(({ lease }) => lease === A)!;
    await until(() => !leftBehind(uid).some((one) => one.includes('process')));
    expect(started, 'it did not wait for the other one').toBe(false);
    await Promise.all([starting, ending]);
    expect(await running(leases)).toEqual([B]);
  });

  it('do not start once they are to end', async () => {
    const leases = book();
    const starting = leases.grant(grant(A, '1'));
    await until(() => existsSync(pathsOf(home, A).record));
    const refused = expect(starting).rejects.toMatchObject({ code: 'over' });
    await leases.end({ lease: A, fence: '1' });
    await refused;
    expect(await running(leases)).toEqual([]);
    expect(leftBehind(readRecords(home)[0]!.uid).filter((one) => one.includes('process'))).toEqual([]);
  });

  it('are begun no more by a grant that was on its way when they were ended', async () => {
    const leases = book();
    await leases.grant(grant(A, '900'));
    await leases.end({ lease: A, fence: '900' });
    await expect(leases.grant(grant(A, '900'))).rejects.toMatchObject({ code: 'over' });
    expect(await running(leases)).toEqual([]);
    await leases.wipe({ lease: A, fence: '900' });
    await expect(leases.grant(grant(A, '900'))).rejects.toMatchObject({ code: 'over' });
    expect(await running(leases)).toEqual([]);
  });

  it('do not run after a reboot until they are granted again', async () => {
    await book().grant(grant(A, '1'));
    const rebooted = book('another-boot');
    expect(await running(rebooted)).toEqual([]);
    await expect(rebooted.grant(grant(A, '1'))).rejects.toMatchObject({ code: 'rebooted' });
    await rebooted.grant(grant(A, '1', 60_000, { boot: 'another-boot' }));
    expect(await running(rebooted)).toEqual([A]);
  });

  it('are refused where they cannot be ended by others, and by a wrong word', async () => {
    const leases = book();
    await expect(leases.grant(grant(A, '1', 60_000, { access: 'root' }))).rejects.toMatchObject({ code: 'no_reinstall' });
    await expect(leases.grant(grant(A, '1', 60_000, { units: ['gpu-0-1'] }))).rejects.toMatchObject({ code: 'no_slices' });
    await expect(leases.grant(grant(A, '1', -1))).rejects.toMatchObject({ code: 'over' });
    for (const lease of ['../../etc', 'x', `${A}/..`]) await expect(leases.grant(grant(lease, '1'))).rejects.toMatchObject({ code: 'bad_lease' });
    await expect(leases.grant(grant(A, '1; rm'))).rejects.toMatchObject({ code: 'bad_grant' });
    expect(await leases.wipe({ lease: B, fence: '1' })).toMatchObject({ clean: true });
    await leases.end({ lease: B, fence: '1' });
  });

  it('see the device nodes of their own GPUs and of no other, by what names them', async () => {
    // Nodes that every Linux has stand in for those of cards; what nvidia-smi says is from its documentation.
    const gpu = (uuid: string, minor: number): string => `<gpu id="x"><uuid>${uuid}</uuid><minor_number>${minor}</minor_number></gpu>`;
    const run = async (_program: string, args: readonly string[]) => ({ code: 0, out: args.includes('-x') ? gpu('GPU-a', 7) + gpu('GPU-b', 8) : '', err: '' });
    const leases = new Leases({ home, boot: 'this-boot', outside, program: join(import.meta.dirname, '../main.ts'), agentVersion: '0.0.0', wipes: { walkMs: 60_000, roots: [home.root] }, run });
    const device = (unit: string, uuid: string) => ({ unit, vendor: 'nvidia', uuid, mig: null });
    await leases.grant(grant(A, '1', 60_000, { units: ['gpu-0'], devices: [device('gpu-0', 'GPU-b')] }));
    expect([await leases.withoutCard(['GPU-a', 'GPU-b']), await leases.withoutCard(['GPU-a'])]).toEqual([[], [A]]);
    expect(readRecords(home)[0]!.nodes).toEqual(['/dev/nvidia8', '/dev/nvidiactl', '/dev/nvidia-uvm', '/dev/nvidia-uvm-tools']);
    // The list has moved: another place in it, and the same card.
    await expect(leases.grant(grant(B, '2', 60_000, { units: ['gpu-1'], devices: [device('gpu-1', 'GPU-b')] }))).rejects.toMatchObject({ code: 'not_wiped' });
    await expect(leases.grant(grant(B, '2', 60_000, { units: ['gpu-1'], devices: [device('gpu-1', 'GPU-c')] }))).rejects.toMatchObject({ code: 'no_device' });
    const nodes = (await runInLease(home, A, 'ls /dev')).out.trim().split('\n');
    expect(nodes.toSorted()).toEqual(['console', 'core', 'fd', 'full', 'mqueue', 'null', 'ptmx', 'pts', 'random', 'shm', 'stderr', 'stdin', 'stdout', 'tty', 'urandom', 'zero'].filter((name) => nodes.includes(name)));
  });

  it('are not clean while their user has a file outside', async () => {
    const leases = book();
    await leases.grant(grant(A, '1'));
    const { uid } = readRecords(home)[0]!;
    const left = mkdtempSync(join(tmpdir(), 'left-'));
    try {
      mkdirSync(join(left, 'x'));
      chownSync(left, uid, uid);
      expect(await leases.wipe({ lease: A, fence: '1' })).toMatchObject({ clean: false, evidence: [`${left} is its user's still`] });
    } finally {
      rmSync(left, { recursive: true });
    }
    expect(await leases.wipe({ lease: A, fence: '1' })).toMatchObject({ clean: true });
  });
});

it.runIf(canSandbox)('a node that only a group of the machine may use is made again for the lease\'s user alone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-nodes-'));
  try {
    // A node that only root may open, in the place of a render node.
    const shown = showNodes(['/dev/loop-control', '/dev/null', '/dev/not-there'], 1_000_000_123, { folder });
    expect(shown.slice(0, 9)).toEqual(['--dev-bind-try', join(folder, 'devices/loop-control'), '/dev/loop-control', '--dev-bind-try', '/dev/null', '/dev/null', '--dev-bind-try', '/dev/not-there', '/dev/not-there']);
    const [own, real] = [statSync(join(folder, 'devices/loop-control')), statSync('/dev/loop-control')];
    expect([own.rdev, own.uid, own.mode & 0o777]).toEqual([real.rdev, 1_000_000_123, 0o600]);
    expect(shown.join(' ')).not.toMatch(/net|cgroup/);
    expect(showNodes([], 1, { folder })).toEqual(['/sys/devices/system/cpu', '/sys/devices/system/node'].flatMap((path) => ['--ro-bind-try', path, path]));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
