import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from '../../machine/command.ts';
import { realWait, type Outside } from '../../outside.ts';
import { homeAt, type Home } from '../../state/home.ts';
import { canSandbox } from '../../testing/can-sandbox.ts';
import { runInLease } from '../../testing/run-in-lease.ts';
import type { Bounds } from '../bounds.ts';
import { Leases } from '../leases.ts';
import { pathsOf, readRecords } from '../record.ts';
import { treesHere } from './control-groups.ts';
import { imageOf, withFiles } from './disk.ts';

const A = '0192f0c1-7a00-7000-8000-0000000000aa';
const B = '0192f0c1-7a00-7000-8000-0000000000bb';
const MIB = 2 ** 20;
const LIMITS = { cpuMillis: 500, memoryBytes: 96 * MIB, processes: 40, diskBytes: 32 * MIB };
const outside: Outside = { nowMs: () => Date.now(), bootMs: () => uptime() * 1_000, random: () => 0.5, wait: realWait, log: () => {} };
const trees = treesHere();
const bounds = (what: 'memory' | 'processes' | 'cpu'): boolean => trees?.folders[what] !== undefined;

let home: Home;
let leases: Leases;
const grant = async (lease: string, fence: string, units: string[], limits: object = LIMITS): Promise<Bounds> => (await leases.grant({ lease, fence, units, access: 'shell', boot: 'this-boot', untilUptimeMs: Math.floor(outside.bootMs() + 60_000), limits }))['bounds'] as Bounds;
const running = async (): Promise<string[]> => ((await leases.list())['leases'] as { lease: string }[]).map(({ lease }) => lease).toSorted();
const groupsOf = (lease: string): string[] => [...new Set(Object.values(trees?.folders ?? {}))].flatMap((folder) => readdirSync(folder).filter((name) => name.endsWith(lease)).map((name) => join(folder, name)));

describe.runIf(canSandbox)('what a lease may use (stand-in, not macOS)', () => {
  beforeEach(() => {
    home = homeAt(mkdtempSync(join(tmpdir(), 'tandem-limits-')));
    chmodSync(home.root, 0o711);
    leases = new Leases({ home, boot: 'this-boot', outside, program: join(import.meta.dirname, '../../main.ts'), agentVersion: '0.0.0', wipes: { walkMs: 60_000, roots: [home.root] } });
  });
  afterEach(async () => {
    for (const { lease } of readRecords(home)) await leases.wipe({ lease, fence: '999999' });
    rmSync(home.root, { recursive: true, force: true });
  });

  it.runIf(bounds('memory'))('memory: a hog is ended inside, and the lease, the other lease and the machine go on', async () => {
    const bound = await grant(A, '1', ['gpu-0']);
    await grant(B, '2', ['gpu-1']);
    expect(bound.limits.memoryBytes).toBe(LIMITS.memoryBytes);
    // Twice as much as it may have, in its own memory and in files that lie in memory.
    expect(await runInLease(home, A, 'head -c 200M /dev/zero | tail')).not.toMatchObject({ code: 0 });
    expect((await runInLease(home, A, 'head -c 200M /dev/zero > /tmp/hog; echo ended $?')).out).not.toContain('ended 0');
    expect((await runInLease(home, A, 'rm -f /tmp/hog; echo here')).out).toBe('here\n');
    expect((await runInLease(home, B, 'head -c 40M /dev/zero | tail | wc -c')).out).toBe(`${40 * MIB}\n`);
    expect(await running()).toEqual([A, B]);
  });

  it.runIf(bounds('processes'))('processes: a fork bomb finds no more of them, and ends with the lease', async () => {
    await grant(A, '1', ['gpu-0']);
    const { err } = await runInLease(home, A, 'exec /bin/sh -c "for i in $(seq -s " " 200); do sleep 300 > /dev/null 2>&1 & done"');
    expect(err).toMatch(/Resource temporarily unavailable|Cannot fork/);
    expect(readdirSync('/proc').filter((name) => /^\d+$/.test(name) && uidOf(name) === readRecords(home)[0]!.uid).length).toBeLessThanOrEqual(LIMITS.processes);
    await leases.end({ lease: A, fence: '1' });
    expect(groupsOf(A)).toEqual([]);
    expect(await leases.wipe({ lease: A, fence: '1' })).toMatchObject({ clean: true });
  });

  it.runIf(bounds('cpu'))('processors: a share of them is told to the kernel', async () => {
    await grant(A, '1', ['gpu-0']);
    const files = groupsOf(A).flatMap((folder) => ['cpu.cfs_quota_us', 'cpu.max'].map((name) => join(folder, name))).filter((file) => existsSync(file));
    expect(files.map((file) => readFileSync(file, 'utf8').trim().split(' ')[0])).toEqual(['50000']);
  });

  it('disk: a full one is full for its lease alone, and what is in it outlasts the keeper until the wipe', async () => {
    const bound = await grant(A, '1', ['gpu-0']);
    await grant(B, '2', ['gpu-1']);
    expect(bound.limits.diskBytes).toBe(LIMITS.diskBytes);
    const full = await runInLease(home, A, 'echo kept > kept; head -c 64M /dev/zero > hog; echo ended $?');
    expect(full.out + full.err).toMatch(/No space left on device/);
    expect((await runInLease(home, B, 'head -c 8M /dev/zero > file && stat -c %s file; ls')).out).toBe(`${8 * MIB}\nfile\n`);
    await leases.end({ lease: A, fence: '1' });
    expect(readdirSync(pathsOf(home, A).files)).toEqual([]);
    expect(await withFiles(pathsOf(home, A), runCommand, realWait, async (folder) => readFileSync(join(folder, 'kept'), 'utf8'))).toBe('kept\n');
    // Granted anew it has its files again.
    await leases.grant({ lease: A, fence: '3', units: ['gpu-0'], access: 'shell', boot: 'this-boot', untilUptimeMs: Math.floor(outside.bootMs() + 60_000), limits: LIMITS });
    expect((await runInLease(home, A, 'cat kept')).out).toBe('kept\n');
    expect(await leases.wipe({ lease: A, fence: '3' })).toMatchObject({ clean: true });
    expect(existsSync(imageOf(pathsOf(home, A)))).toBe(false);
  });

  it('nothing stands on the machine after the keeper was killed, once the agent is there again', async () => {
    await grant(A, '1', ['gpu-0']);
    expect(groupsOf(A).length).toBeGreaterThan(0);
    process.kill(keeperOf(A), 'SIGKILL');
    leases = new Leases({ home, boot: 'this-boot', outside, program: '', agentVersion: '0.0.0', wipes: { walkMs: 60_000, roots: [home.root] } });
    expect(await running()).toEqual([]);
    expect(groupsOf(A)).toEqual([]);
  });

  it('what nobody said is not bounded, and not called so', async () => {
    expect(await grant(A, '1', ['gpu-0'], {})).toMatchObject({ limits: { cpuMillis: null, memoryBytes: null, processes: null, diskBytes: null }, network: 'loopback', unbound: [] });
  });
});

function uidOf(pid: string): number {
  try {
    return Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return -1;
  }
}

function keeperOf(lease: string): number {
  return Number(readdirSync('/proc').find((pid) => /^\d+$/.test(pid) && commandOf(pid).includes('keep') && commandOf(pid).includes(lease)));
}

function commandOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
