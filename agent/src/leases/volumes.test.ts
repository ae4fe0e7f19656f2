import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realWait, type Outside } from '../outside.ts';
import { homeAt, type Home } from '../state/home.ts';
import { canSandbox } from '../testing/can-sandbox.ts';
import type { Bounds } from './bounds.ts';
import { insideArgs } from './inside.ts';
import { Leases } from './leases.ts';
import { heldBytes } from './limits/room.ts';
import { readRecords } from './record.ts';
import { readVolumes, volumeFolder } from './volumes.ts';

const [A, B, C] = ['a', 'b', 'c'].map((letter) => `0192f0c1-7a00-7000-8000-0000000000${letter}2`) as [string, string, string];
const VOLUME = '0192f0c1-7a00-7000-8000-0000000000f2';
const outside: Outside = { nowMs: () => Date.now(), bootMs: () => uptime() * 1_000, random: () => 0.5, wait: realWait, log: () => {} };

let home: Home;
const book = (): Leases => new Leases({ home, boot: 'this-boot', outside, program: join(import.meta.dirname, '../main.ts'), agentVersion: '0.0.0', wipes: { walkMs: 60_000, roots: [home.root] } });
const grant = (lease: string, fence: string, more: object = {}) => ({ lease, fence, units: ['whole'], access: 'shell', boot: 'this-boot', untilUptimeMs: Math.floor(outside.bootMs() + 60_000), ...more });
const uidOf = (lease: string): number => readRecords(home).find((one) => one.lease === lease)!.uid;

/** Runs something inside the sandbox of a lease, as its user. */
function inside(lease: string, script: string): string {
  const uid = uidOf(lease);
  const pid = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).find((name) => lstatSync(`/proc/${name}`, { throwIfNoEntry: false })?.uid === uid && readFileSync(`/proc/${name}/cmdline`, 'utf8').startsWith('tandem-canary'));
  const [program, args] = insideArgs({ pid: Number(pid), uid, groups: [] }, ['/bin/bash', '-c', script]);
  return spawnSync(program, args, { encoding: 'utf8', env: { PATH: '/usr/bin:/bin', HOME: '/home/tenant' } }).stdout;
}

beforeEach(() => {
  home = homeAt(mkdtempSync(join(tmpdir(), 'tandem-volumes-')));
  chmodSync(home.root, 0o711);
});
afterEach(async () => {
  const leases = book();
  for (const { lease } of readRecords(home)) await leases.wipe({ lease, fence: '999999' });
  rmSync(home.root, { recursive: true, force: true });
});

describe.runIf(canSandbox)('a lease\'s home (stand-in, not macOS)', () => {
  for (const [where, limits] of [['as files', undefined], ['in a disk of its own', { cpuMillis: null, memoryBytes: null, processes: null, diskBytes: 64 * 2 ** 20 }]] as const) {
    it(`is kept as a volume ${where}, is nobody else's meanwhile, and comes back`, async () => {
      const leases = book();
      await leases.grant(grant(A, '1', { limits }));
      inside(A, 'mkdir ~/work; printf 12345 > ~/work/model; setsid sleep 1000 > /dev/null 2>&1 & until [ "$(cat /proc/$!/comm)" = sleep ]; do :; done');
      expect(await leases.look({ lease: A })).toEqual({ files: 1, bytes: 5, whole: true, processes: [{ name: 'sleep', count: 1 }] });
      const said = await leases.wipe({ lease: A, fence: '1', keep: VOLUME });
      expect(said).toMatchObject({ clean: true, kept: { volume: VOLUME, files: 1, bytes: 5 }, unchecked: expect.arrayContaining([expect.stringContaining('wished it kept')]) as unknown });
      expect(JSON.stringify(said['evidence'])).not.toContain(VOLUME);
      const { uid } = readVolumes(home)[0]!;

      await leases.grant(grant(B, '2'));
      expect(uidOf(B)).not.toBe(uid);
      expect(inside(B, `ls -A ~ ; ls ${volumeFolder(home, VOLUME)} 2>/dev/null`)).toBe('.tandem-canary\n');
      await leases.wipe({ lease: B, fence: '2' });

      await leases.grant(grant(C, '3', { volume: VOLUME, limits }));
      expect(uidOf(C)).toBe(uid);
      expect(inside(C, 'cat ~/work/model; rm ~/work/model; printf 123 > ~/more')).toBe('12345');
      await expect(leases.dropVolume({ volume: VOLUME })).rejects.toMatchObject({ code: 'volume_in_use' });
      // Told its end anew, it keeps its home.
      await leases.grant(grant(C, '3', { volume: VOLUME, limits }));
      expect(await leases.wipe({ lease: C, fence: '3', keep: VOLUME })).toMatchObject({ clean: true, kept: { files: 1, bytes: 3 } });
      await leases.dropVolume({ volume: VOLUME });
      await leases.dropVolume({ volume: VOLUME });
      expect([existsSync(volumeFolder(home, VOLUME)), readVolumes(home)]).toEqual([false, []]);
      await expect(leases.grant(grant(A, '4', { volume: VOLUME }))).rejects.toMatchObject({ code: 'no_volume' });
    });
  }

  it('costs the machine, when it is kept, what is in it, and may grow again as far as there is room', async () => {
    const leases = book();
    const limits = { cpuMillis: null, memoryBytes: null, processes: null, diskBytes: 2 ** 50 };
    const diskOf = async (lease: string, fence: string, more: object = {}): Promise<number> => ((await leases.grant(grant(lease, fence, { limits, ...more })))['bounds'] as Bounds).limits.diskBytes!;
    const all = await diskOf(A, '1');
    inside(A, 'head -c 5M /dev/urandom > ~/model; head -c 30M /dev/urandom > ~/gone; sync; rm ~/gone');
    const sum = inside(A, 'sha256sum < ~/model');
    await leases.wipe({ lease: A, fence: '1', keep: VOLUME });
    expect(heldBytes(join(volumeFolder(home, VOLUME), 'files.img'))).toBeGreaterThan(0.9 * all);
    expect(await diskOf(B, '2')).toBeGreaterThan(0.9 * all);
    // Taken up beside a lease that was promised nearly all, it has the least that a disk has, and not what it had.
    expect(await diskOf(C, '3', { units: ['other'], volume: VOLUME })).toBeLessThan(0.1 * all);
    expect(inside(C, 'sha256sum < ~/model; head -c 10M /dev/zero > ~/more && stat -c %s ~/more')).toBe(`${sum}${10 * 2 ** 20}\n`);
    await leases.wipe({ lease: B, fence: '2' });
    await leases.wipe({ lease: C, fence: '3', keep: VOLUME });
    expect(await diskOf(A, '4', { volume: VOLUME })).toBeGreaterThan(0.9 * all);
    expect(inside(A, 'head -c 60M /dev/zero > ~/more && stat -c %s ~/more')).toBe(`${60 * 2 ** 20}\n`);
  });

  it('is no volume by a wrong word', async () => {
    const leases = book();
    for (const volume of ['../../etc', 'x', `${VOLUME}/..`]) {
      await expect(leases.grant(grant(A, '1', { volume }))).rejects.toMatchObject({ code: 'bad_volume' });
      await expect(leases.dropVolume({ volume })).rejects.toMatchObject({ code: 'bad_volume' });
    }
    await expect(leases.look({ lease: A })).rejects.toMatchObject({ code: 'not_running' });
  });
});
