import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realWait, type Outside } from '../../outside.ts';
import { homeAt, type Home } from '../../state/home.ts';
import { canSandbox } from '../../testing/can-sandbox.ts';
import { Leases } from '../leases.ts';
import { pathsOf, readRecords } from '../record.ts';
import { JobLog, readLog } from './job-log.ts';

const A = '0192f0c1-7a00-7000-8000-00000000000a';
const outside: Outside = { nowMs: () => Date.now(), bootMs: () => uptime() * 1_000, random: () => 0.5, wait: realWait, log: () => {} };

let home: Home;
const book = (boot = 'this-boot'): Leases => new Leases({ home, boot, outside, program: join(import.meta.dirname, '../../main.ts'), agentVersion: '0.0.0', wipes: { walkMs: 60_000, roots: [home.root] } });
const grant = (forMs = 60_000, more: object = {}) => ({ lease: A, fence: '1', units: ['whole'], access: 'job', boot: 'this-boot', untilUptimeMs: Math.floor(outside.bootMs() + forMs), ...more });
const order = (line: string, env: Record<string, string> = {}) => ({ lease: A, fence: '1', command: ['bash', '-c', line], env });
const until = async <T>(look: () => Promise<T> | T, holds: (value: T) => boolean): Promise<T> => {
  for (let tries = 0; ; tries += 1) {
    const value = await look();
    if (holds(value)) return value;
    if (tries === 400) throw new Error(`it did not come about: ${JSON.stringify(value)}`);
    await realWait(25);
  }
};
const over = (leases: Leases) => until(() => leases.jobs.look({ lease: A }), ({ state }) => state !== 'running');
const printed = async (leases: Leases): Promise<string> => Buffer.from(String((await leases.jobs.read({ lease: A, from: 0, most: 10_000 }))['bytes']), 'base64').toString();
const begins = (): number => readFileSync(join(pathsOf(home, A).files, 'begun'), 'utf8').length;

beforeEach(() => {
  home = homeAt(mkdtempSync(join(tmpdir(), 'tandem-once-')));
  chmodSync(home.root, 0o711);
});
afterEach(async () => {
  const leases = book();
  for (const { lease } of readRecords(home)) await leases.end({ lease, fence: '999999' });
  rmSync(home.root, { recursive: true, force: true });
});

describe.runIf(canSandbox)('a lease\'s job (stand-in, not macOS)', () => {
  it('runs once as the lease\'s user in its home, with its environment, and leaves its exit code and what it printed', async () => {
    const leases = book();
    await leases.grant(grant());
    const wish = order('printf x >> begun; id -un; pwd; echo "to both" >&2; echo "$TOKEN"; exit 7', { TOKEN: 'se cret' });
    expect(await leases.jobs.begin(wish)).toMatchObject({ state: 'running' });
    expect(await over(leases)).toMatchObject({ state: 'ended', exitCode: 7 });
    expect(await printed(leases)).toBe('tenant\n/home/tenant\nto both\nse cret\n');
    // Asked again, also by another start of the agent, it is not begun again; another one is refused.
    expect(await book().jobs.begin(wish)).toMatchObject({ state: 'ended', exitCode: 7 });
    expect(begins()).toBe(1);
    await expect(leases.jobs.begin(order('true'))).rejects.toMatchObject({ code: 'job_runs' });
    await expect(leases.jobs.begin({ ...wish, fence: '2' })).rejects.toMatchObject({ code: 'fenced' });
    // What it was told is no other tenant's to read, and goes with the lease.
    await leases.wipe({ lease: A, fence: '1' });
    expect(existsSync(pathsOf(home, A).folder)).toBe(false);
  });

  it('ends when it is told to, by force after the grace, once; what has not begun never does', async () => {
    const leases = book();
    await leases.grant(grant(60_000, { units: ['one'] }));
    await leases.jobs.begin(order('trap "echo told >> said; exit 9" TERM; echo x >> begun; while :; do sleep 0.1; done'));
    await until(() => existsSync(join(pathsOf(home, A).files, 'begun')), (there) => there);
    await expect(leases.jobs.stop({ lease: A, fence: '2', graceMs: 1 })).rejects.toMatchObject({ code: 'fenced' });
    expect(await leases.jobs.stop({ lease: A, fence: '1', graceMs: 60_000 })).toMatchObject({ state: 'running' });
    await book().jobs.stop({ lease: A, fence: '1', graceMs: 60_000 });
    expect(await over(leases)).toMatchObject({ state: 'ended', exitCode: 9 });
    expect(readFileSync(join(pathsOf(home, A).files, 'said'), 'utf8')).toBe('told\n');
    const [B, C] = ['b', 'c'].map((end) => `${A.slice(0, -1)}${end}`) as [string, string];
    await leases.grant(grant(60_000, { lease: B, fence: '2', units: ['two'] }));
    await leases.jobs.begin({ ...order('trap "" TERM; echo x >> begun; while :; do sleep 0.1; done'), lease: B, fence: '2' });
    await until(() => existsSync(join(pathsOf(home, B).files, 'begun')), (there) => there);
    await leases.jobs.stop({ lease: B, fence: '2', graceMs: 200 });
    expect(await until(() => leases.jobs.look({ lease: B }), ({ state }) => state !== 'running')).toMatchObject({ state: 'ended', exitCode: 137 });
    await leases.grant(grant(60_000, { lease: C, fence: '3', units: ['three'] }));
    expect(await leases.jobs.stop({ lease: C, fence: '3', graceMs: 200 })).toMatchObject({ state: 'cut', exitCode: null });
    expect(await leases.jobs.begin({ ...order('true'), lease: C, fence: '3' })).toMatchObject({ state: 'cut' });
  });

  it('is adopted by the next agent while it runs, and says a signal as a shell does', async () => {
    const leases = book();
    await leases.grant(grant());
    await leases.jobs.begin(order('printf x >> begun; while [ ! -e go ]; do sleep 0.05; done; kill -9 $$'));
    const next = book();
    expect(await next.jobs.look({ lease: A })).toMatchObject({ state: 'running' });
    await until(() => existsSync(join(pathsOf(home, A).files, 'begun')), Boolean);
    writeFileSync(join(pathsOf(home, A).files, 'go'), '');
    expect(await over(next)).toMatchObject({ state: 'ended', exitCode: 137 });
    expect(begins()).toBe(1);
  });

  it('is cut by the lease\'s end, and what it printed can be read until the wipe', async () => {
    const leases = book();
    await leases.grant(grant());
    await leases.jobs.begin(order('echo begun; sleep 600'));
    await until(() => printed(leases), (text) => text === 'begun\n');
    await leases.end({ lease: A, fence: '1' });
    expect(await leases.jobs.look({ lease: A })).toMatchObject({ state: 'cut', exitCode: null });
    expect(await printed(leases)).toBe('begun\n');
  });

  it('is lost with its keeper and with its boot, and never begun again', async () => {
    const leases = book();
    await leases.grant(grant());
    const wish = order('printf x >> begun; sleep 600');
    await leases.jobs.begin(wish);
    await until(() => existsSync(join(pathsOf(home, A).files, 'begun')), Boolean);
    const rebooted = book('another-boot');
    expect(await rebooted.jobs.look({ lease: A })).toMatchObject({ state: expect.stringMatching(/lost|cut/) });
    await rebooted.grant(grant(60_000, { boot: 'another-boot' }));
    expect(await rebooted.jobs.begin(wish)).toMatchObject({ state: expect.stringMatching(/lost|cut/) });
    expect(begins()).toBe(1);
  });

  it('lets nobody in: its keeper refuses every way to a shell', async () => {
    const leases = book();
    await leases.grant(grant());
    for (const word of [{ do: 'ssh', record: null }, { do: 'screen' }, { do: 'terminal', terminal: A, person: 'x', columns: 80, rows: 24, record: null }]) {
      const said = await new Promise<string>((resolve) => {
        const socket = connect(pathsOf(home, A).socket);
        let text = '';
        socket.on('connect', () => socket.write(`${JSON.stringify(word)}\n`)).on('data', (chunk: Buffer) => { text += chunk.toString(); }).on('error', () => {}).on('close', () => resolve(text));
      });
      expect(said).toBe('');
    }
  });
});

it('a job\'s output is kept from its end back, in pieces that are read as one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-once-log-'));
  try {
    const log = new JobLog(join(folder, 'log'), 10);
    const all = Buffer.from('abcdefghijklmnopqrstuvwxyz0123456789');
    for (let at = 0; at < all.length; at += 7) log.add(all.subarray(at, at + 7));
    log.close();
    const at = (from: number | null, most: number) => {
      const { bytes, ...rest } = readLog(join(folder, 'log'), from, most);
      return { ...rest, text: bytes.toString() };
    };
    expect(at(0, 100)).toEqual({ from: 20, first: 20, total: 36, text: 'uvwxyz0123456789' });
    expect(at(28, 4)).toMatchObject({ from: 28, text: '2345' });
    expect(at(null, 5)).toMatchObject({ from: 31, text: '56789' });
    expect(at(99, 5)).toMatchObject({ from: 36, text: '' });
    expect(readLog(join(folder, 'none'), 0, 5)).toMatchObject({ from: 0, total: 0 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
