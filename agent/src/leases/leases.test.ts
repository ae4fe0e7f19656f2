import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realWait, type Outside } from '../outside.ts';
import { homeAt, type Home } from '../state/home.ts';
import { canSandbox } from '../testing/can-sandbox.ts';
import { Leases } from './leases.ts';
import { pathsOf, readRecords } from './record.ts';
import { gpuArgs } from './sandbox.ts';
import { leftBehind } from './wipe/left-behind.ts';

const A = '0192f0c1-7a00-7000-8000-00000000000a';
const B = '0192f0c1-7a00-7000-8000-00000000000b';
const outside: Outside = { nowMs: () => Date.now(), bootMs: () => uptime() * 1_000, random: () => 0.5, wait: realWait, log: () => {} };

let home: Home;
const book = (boot = 'this-boot'): Leases => new Leases({ home, boot, outside, program: join(import.meta.dirname, '../main.ts'), agentVersion: '0.0.0', wipes: { walkMs: 500, roots: [home.root] } });
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

it('a sandbox has the device nodes of its own GPUs and of no other', () => {
  const nodes = (units: string[]): string[] => gpuArgs(units).filter((_word, at) => at % 3 === 1);
  expect(nodes(['gpu-1', 'gpu-3'])).toEqual(['/dev/nvidia1', '/dev/nvidia3', '/dev/nvidiactl', '/dev/nvidia-uvm', '/dev/nvidia-uvm-tools']);
  expect([nodes(['whole']), nodes(['gpu-0-1']), nodes(['gpu-../sda'])]).toEqual([[], [], []]);
});
