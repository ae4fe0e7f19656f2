import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import { duplexPair, type Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realWait, type Outside } from '../outside.ts';
import { homeAt, type Home } from '../state/home.ts';
import { canSandbox } from '../testing/can-sandbox.ts';
import type { WireStream } from '../wire/index.ts';
import { FileCache } from './file-cache.ts';
import { sayToKeeper } from './keeper-line.ts';
import { Leases } from './leases.ts';
import { pathsOf, readRecords } from './record.ts';

const LEASE = '0192f0c1-7a00-7000-8000-00000000000a';
const outside: Outside = { nowMs: () => Date.now(), bootMs: () => uptime() * 1_000, random: () => 0.5, wait: realWait, log: () => {} };

let home: Home;
beforeEach(() => {
  home = homeAt(mkdtempSync(join(tmpdir(), 'tandem-jobs-')));
  // A lease's user goes through it to its own folder.
  chmodSync(home.root, 0o711);
});
afterEach(() => rmSync(home.root, { recursive: true, force: true }));

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');
const send = async (cache: FileCache, content: Buffer, more: object = {}): Promise<string> => {
  const [here, there] = duplexPair();
  const received = cache.receive({ sha256: sha256(content), bytes: content.length, ...more }, there as Duplex as WireStream).catch((error: Error) => {
    here.destroy();
    throw error;
  });
  here.on('error', () => {});
  here.end(content);
  const [said] = await Promise.all([text(here).catch(() => ''), received]);
  return said;
};

describe('files by their hash', () => {
  it('are taken when they are what their hash says, and only then', async () => {
    const cache = new FileCache(home, () => Date.now());
    const content = Buffer.from('weights');
    expect(cache.has({ sha256: sha256(content) })).toEqual({ here: false });
    expect(await send(cache, content)).toBe('ok\n');
    expect(cache.has({ sha256: sha256(content) })).toEqual({ here: true });
    expect(statSync(cache.pathOf(sha256(content), false)).size).toBe(7);
    await expect(send(cache, Buffer.from('others'), { sha256: sha256(Buffer.from('what was told')) })).rejects.toMatchObject({ code: 'bad_file' });
    await expect(send(cache, Buffer.from('longer'), { bytes: 3 })).rejects.toMatchObject({ code: 'bad_file' });
    await expect(send(cache, Buffer.from('x'), { sha256: '../../etc/passwd' })).rejects.toMatchObject({ code: 'bad_file' });
    await expect(send(cache, Buffer.from('x'), { bytes: 2 ** 40 })).rejects.toMatchObject({ code: 'no_space' });
    expect(() => cache.pathOf('0'.repeat(64), false)).toThrow('was not sent here');
    expect(readdirSync(join(home.root, 'cache'))).toEqual([sha256(content)]);
  });

  it('go when no lease has used them for a month', async () => {
    const cache = new FileCache(home, () => Date.now());
    await send(cache, Buffer.from('old'));
    const old = cache.pathOf(sha256(Buffer.from('old')), false);
    utimesSync(old, new Date('2026-01-01'), new Date('2026-01-01'));
    await send(cache, Buffer.from('new'));
    expect(existsSync(old)).toBe(false);
  });
});

describe.runIf(canSandbox)('a lease\'s job (stand-in, not macOS)', () => {
  it('runs inside as the lease\'s user, is found running by another start of the agent, answers at its port, is begun again when it ends, and ends with the lease', async () => {
    const cache = new FileCache(home, () => Date.now());
    const program = Buffer.from(`import { createServer } from 'node:net';
console.log('I am', process.getuid() === 0 ? 'root' : 'a tenant', process.env.WORD);
createServer((socket) => socket.on('data', (data) => (String(data) === 'end' ? process.exit(3) : socket.end('heard ' + data)))).listen(8000, '127.0.0.1');
`);
    await send(cache, program);
    const book = (): Leases => new Leases({ home, boot: 'this-boot', outside, cache, program: join(import.meta.dirname, '../main.ts'), agentVersion: '0.0.0', wipes: { walkMs: 60_000, roots: [home.root] } });
    const leases = book();
    await leases.grant({ lease: LEASE, fence: '1', units: ['whole'], access: 'job', boot: 'this-boot', untilUptimeMs: Math.floor(outside.bootMs() + 60_000) });
    const order = { lease: LEASE, command: ['/run/tandem/job/node', '/run/tandem/job/program.mjs'], env: { WORD: 'fox' }, node: true, files: [{ name: 'program.mjs', sha256: sha256(program), unpack: false }] };
    try {
      await expect(leases.serve({ ...order, files: [{ name: '../out', sha256: sha256(program) }] })).rejects.toMatchObject({ code: 'bad_job' });
      await expect(leases.serve({ ...order, env: { 'LD-X': '1' } })).rejects.toMatchObject({ code: 'bad_job' });
      await leases.serve(order);
      const until = async (what: string, holds: (job: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> => {
        for (let tries = 0; ; tries += 1) {
          const job = await book().serve(order);
          if (holds(job)) return job;
          if (tries === 400) throw new Error(`never ${what}: ${JSON.stringify(job)}`);
          await realWait(25);
        }
      };
      const say = async (word: string): Promise<string> => {
        const socket = await sayToKeeper(pathsOf(home, LEASE).socket, { do: 'port', port: 8_000 });
        socket?.write(word);
        return socket === undefined ? '' : text(socket).catch(() => '');
      };
      expect(await until('running', ({ log }) => log !== '')).toMatchObject({ running: true, exits: 0, lastExit: null, log: 'I am a tenant fox\n' });
      await expect(leases.serve({ ...order, env: {} })).rejects.toMatchObject({ code: 'job_runs' });
      for (let tries = 0; (await say('hello')) !== 'heard hello'; tries += 1) expect(tries).toBeLessThan(100);
      await say('end');
      expect(await until('begun again', ({ exits, running }) => exits === 1 && running === true)).toMatchObject({ lastExit: 'it ended with code 3' });
    } finally {
      for (const { lease } of readRecords(home)) await leases.end({ lease, fence: '9' });
    }
    await expect(leases.job({ lease: LEASE })).rejects.toMatchObject({ code: 'not_running' });
  });
});
