import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { canSandbox } from '../../../agent/src/testing/can-sandbox.ts';
import { newId } from '../../base/index.ts';
import { openLeaseHouse, type LeaseHouse } from '../testing/lease-house.ts';
import type { RecordingView } from './recordings.ts';

type Event = [seconds: number, kind: string, text: string];

describe.runIf(canSandbox)('recordings of sessions in a lease (stand-in, not macOS)', () => {
  let opened: LeaseHouse;
  let name: string;

  beforeAll(async () => {
    opened = await openLeaseHouse();
    const { lease } = opened;
    lease.record = true;
    name = `${lease.leaseId}.tandem`;
  }, 120_000);
  afterAll(() => opened?.[Symbol.asyncDispose]());

  const list = async (): Promise<RecordingView[]> => (await opened.house.tunnels.recordings.list(opened.house.admin, opened.lease.leaseId)).items;
  /** Until the server has fetched one that is so. */
  const arrived = async (holds: (one: RecordingView) => boolean): Promise<RecordingView> => {
    for (let tries = 0; ; tries += 1) {
      const found = (await list()).find(holds);
      if (found) return found;
      if (tries === 400) throw new Error(`it never arrived: ${JSON.stringify(await list())}`);
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
  };
  const cast = async (id: string): Promise<{ header: Record<string, unknown>; events: Event[]; shown: string }> => {
    let text = '';
    for await (const chunk of (await opened.house.tunnels.recordings.watch(opened.house.admin, id)).chunks) text += chunk;
    const [header, ...events] = text.trim().split('\n').map((line) => JSON.parse(line) as unknown);
    return { header: header as Record<string, unknown>, events: events as Event[], shown: (events as Event[]).filter(([, kind]) => kind === 'o').map(([, , shown]) => shown).join('') };
  };

  it('keep what a shell by SSH showed, with its times and who it was, and say so at log-in', async () => {
    const ran = await opened.ssh('-tt', name, 'echo fir""st; stty rows 40 cols 100; sleep 0.3; echo sec""ond é; exit 4');
    expect([ran.code, ran.out.includes('This session is recorded.'), ran.out.includes('second é')], ran.err + ran.out).toEqual([4, true, true]);
    const one = await arrived(({ kind }) => kind === 'shell');
    expect(one).toMatchObject({ leaseId: opened.lease.leaseId, state: 'kept', tamperProof: true, whole: true, exitCode: 4, command: expect.stringContaining('echo fir') });
    expect(one.person).toBe(opened.house.admin.actor.label);
    const { header, events, shown } = await cast(one.id);
    expect(header).toMatchObject({ version: 2 });
    expect(shown).toBe('first\r\nsecond é\r\n');
    const at = (word: string): number => events.find(([, , text]) => text.includes(word))![0];
    expect(at('second') - at('first')).toBeGreaterThan(0.25);
  }, 60_000);

  it('keep of commands without a terminal the command and the times, and let scp and rsync through whole', async () => {
    const local = join(opened.house.folder, 'big');
    writeFileSync(local, Buffer.alloc(300_000, 'abc\n'));
    const configured = ['-F', join(opened.env['HOME']!, '.ssh/config')];
    expect((await opened.run('scp', [...configured, '-q', local, `${name}:copied`])).code).toBe(0);
    expect(readFileSync(join(opened.files, 'copied')).equals(readFileSync(local))).toBe(true);
    expect((await opened.run('rsync', ['-a', '-e', `ssh ${configured.join(' ')}`, `${name}:copied`, join(opened.house.folder, 'back')])).code).toBe(0);
    const ran = await opened.ssh(name, 'echo out; exit 3');
    expect([ran.code, ran.out, ran.err]).toEqual([3, 'out\n', 'This session is recorded: its command and times.\n']);
    const one = await arrived(({ command }) => command === 'echo out; exit 3');
    expect(one).toMatchObject({ kind: 'command', bytes: 0 });
    await arrived(({ command }) => command?.startsWith('rsync --server') === true);
    await arrived(({ command }) => /sftp/.test(command ?? ''));
    await expect(opened.house.tunnels.recordings.watch(opened.house.admin, one.id)).rejects.toMatchObject({ code: 'recording_empty' });
  }, 60_000);

  it('keep that there was a connection for ports alone', async () => {
    const forwarding = opened.startSsh('-N', name);
    for (let tries = 0; opened.house.tunnels.gateway.size === 0 && tries < 400; tries += 1) await new Promise((resolve) => { setTimeout(resolve, 25); });
    await new Promise((resolve) => { setTimeout(resolve, 500); });
    forwarding.kill();
    expect(await arrived(({ kind }) => kind === 'connection')).toMatchObject({ command: null, bytes: 0 });
  }, 60_000);

  it('keep terminals of browsers, whose pages are told', async () => {
    const url = opened.env['TANDEM_URL']!;
    const { ticket } = await opened.house.tunnels.terminals.ticket(opened.house.admin, opened.lease.leaseId, null);
    const page = new WebSocket(`${url.replace('http', 'ws')}/api/leases/${opened.lease.leaseId}/terminal`, ['tandem-terminal', `ticket.${ticket}`], { headers: { authorization: `Bearer ${opened.house.adminKey}` } });
    const told: unknown[] = [];
    page.on('open', () => page.send(JSON.stringify({ type: 'open', terminal: null, columns: 90, rows: 20 })));
    page.on('message', (data: Buffer, binary: boolean) => {
      if (!binary) told.push(JSON.parse(data.toString()));
      if (told.length === 1) page.send(Buffer.from('echo sh""own; exit 2\n'), { binary: true });
    });
    await new Promise((resolve) => { page.on('close', resolve); });
    expect(told[0]).toMatchObject({ type: 'begun', recorded: true });
    const one = await arrived(({ kind }) => kind === 'terminal');
    expect(one).toMatchObject({ columns: 90, rows: 20, exitCode: 2 });
    expect((await cast(one.id)).shown).toContain('shown\r\n');
  }, 60_000);

  it('cannot be read, taken back or reached by what runs in the lease', async () => {
    const ran = await opened.ssh(name, `ls -la /run/tandem/*.out; cat /run/tandem/*.out; rm -f /run/tandem/*.out; ls ${join(opened.home, 'recordings')}`);
    expect(ran.err).toMatch(/cat: .*Permission denied/);
    expect(ran.err).toMatch(/rm: cannot remove .*(Read-only|Permission)/);
    expect(ran.err).toMatch(/ls: cannot access .*recordings/);
    // Nothing of them is left on the machine once the server has them.
    await arrived(({ command }) => command?.startsWith('ls -la') === true);
    for (let tries = 0; existsSync(join(opened.home, 'recordings', opened.lease.leaseId)) && tries < 200; tries += 1) await new Promise((resolve) => { setTimeout(resolve, 50); });
    expect(readdirSync(join(opened.home, 'recordings'))).toEqual([]);
  }, 60_000);

  it('are stopped where they grow too long, and say so', async () => {
    const ran = await opened.ssh('-tt', name, 'yes 0123456789012345678901234567890123456789 | head -c 12000000');
    expect(ran.code).toBe(0);
    const one = await arrived(({ command }) => command?.startsWith('yes') === true);
    expect(one).toMatchObject({ whole: false, state: 'kept' });
    expect(one.bytes).toBeLessThanOrEqual(8 * 1024 * 1024);
    expect((await cast(one.id)).shown).toMatch(/The recording ends here: it is longer than is kept/);
  }, 120_000);

  it('are refused in words where a machine sends what is none, and of leases that it does not have', async () => {
    const folder = join(opened.home, 'recordings', opened.lease.leaseId);
    const of = (id: string, lease: string) => ({ id, lease, kind: 'shell', person: 'evil\u001b[2J', command: '\u202eevil', startedMs: Date.now(), endedMs: Date.now(), exitCode: 0, whole: true, tamperProof: true });
    const [bad, foreign, otherLease] = [newId(), newId(), newId()];
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${bad}.cast`), '{"version":2,"width":80,"height":24}\n[0,"o","x"]\n[-1,"o","y"]\n');
    writeFileSync(join(folder, `${bad}.json`), JSON.stringify(of(bad, opened.lease.leaseId)));
    mkdirSync(join(opened.home, 'recordings', otherLease), { recursive: true });
    writeFileSync(join(opened.home, 'recordings', otherLease, `${foreign}.json`), JSON.stringify(of(foreign, otherLease)));
    const one = await arrived(({ id }) => id === bad);
    expect(one).toMatchObject({ state: 'refused', reason: 'What the machine sent is no recording: the time of line 3 is not one.', bytes: 0, person: 'evil?[2J', command: '?evil' });
    for (let tries = 0; existsSync(join(opened.home, 'recordings', otherLease)) && tries < 200; tries += 1) await new Promise((resolve) => { setTimeout(resolve, 50); });
    expect(await opened.house.database.scoped(opened.house.organisationId).selectFrom('lease_recordings').select('id').where('id', '=', foreign).execute()).toEqual([]);
  }, 60_000);

  it('are written, removed and kept in the trail', async () => {
    const shell = (await list()).find(({ kind, bytes }) => kind === 'shell' && bytes > 0)!;
    const file = join(opened.house.folder, 'session.cast');
    const written = await opened.tandem('leases', 'recordings', opened.lease.leaseId, shell.id, '--out', file);
    expect(written.out, written.err).toMatch(/^Wrote .* an asciicast of version 2/);
    expect(readFileSync(file, 'utf8')).toMatch(/^\{"version":2,/);
    const shown = await opened.tandem('leases', 'recordings', opened.lease.leaseId);
    expect(shown.out).toMatch(/ports alone/);
    expect(shown.out).not.toContain('\u001b');
    expect((await opened.tandem('leases', 'recordings', opened.lease.leaseId, shell.id, '--remove')).out).toBe(`Removed ${shell.id}.\n`);
    expect((await list()).some(({ id }) => id === shell.id)).toBe(false);
    const { items } = await opened.house.access.audit.list(opened.house.admin, { limit: 100 });
    expect(items.map(({ action }) => action)).toEqual(expect.arrayContaining(['recording.watch', 'recording.remove']));
    expect(spawnSync('sh', ['-c', `ls ${join(opened.files, '../ssh')}`]).stdout.toString()).not.toMatch(/\.out|\.said/);
  }, 60_000);
});
