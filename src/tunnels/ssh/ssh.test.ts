import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createListener, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, createWebSocketStream } from 'ws';
import { canSandbox } from '../../../agent/src/testing/can-sandbox.ts';
import type { AgentsHouse } from '../testing/agents-house.ts';
import { openLeaseHouse, type LeaseHouse, type OneLease, type Ran } from '../testing/lease-house.ts';
import { ByteReader } from '../screen/byte-reader.ts';

async function freePort(): Promise<number> {
  const listener = createListener().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  await new Promise((resolve) => { listener.close(resolve); });
  return port;
}

describe.runIf(canSandbox)('SSH into a lease (stand-in, not macOS)', () => {
  let open: LeaseHouse;
  let lease: OneLease;
  let house: AgentsHouse;
  let env: NodeJS.ProcessEnv;
  let files: string;
  const run = (program: string, args: readonly string[], input = ''): Promise<Ran> => open.run(program, args, input);
  const tandem = (...args: string[]): Promise<Ran> => open.tandem(...args);
  const ssh = (...args: string[]): Promise<Ran> => open.ssh(...args);

  beforeAll(async () => {
    open = await openLeaseHouse();
    ({ lease, house, env, files } = open);
  }, 120_000);
  afterAll(() => open?.[Symbol.asyncDispose]());

  it('runs a command as the lease\'s user in its sandbox, and gives its exit code back', async () => {
    const ran = await tandem('ssh', lease.leaseId, '--', 'id -un; hostname; ls /root /var/lib 2>&1; exit 7');
    expect(ran.out, ran.err).toMatch(new RegExp(`^tenant\n${lease.leaseId.slice(0, 8)}\nls: cannot access '/root'`));
    expect(ran.code).toBe(7);
  });

  it('lets ssh, scp, sftp and rsync in by name alone, with whole files both ways', async () => {
    const name = `${lease.leaseId}.tandem`;
    const local = join(house.folder, 'big');
    const bytes = Buffer.alloc(3_000_000, 'abc\n');
    writeFileSync(local, bytes);
    const configured = ['-F', join(env['HOME']!, '.ssh/config')];
    const scp = await run('scp', [...configured, '-q', local, `${name}:copied`]);
    expect(scp.code, scp.err).toBe(0);
    expect(readFileSync(join(files, 'copied')).equals(bytes)).toBe(true);
    const rsync = await run('rsync', ['-a', '-e', `ssh ${configured.join(' ')}`, `${name}:copied`, join(house.folder, 'back')]);
    expect(rsync.code, rsync.err).toBe(0);
    expect(readFileSync(join(house.folder, 'back')).equals(bytes)).toBe(true);
    const piped = await run('ssh', [...configured, name, 'wc -c'], bytes.toString());
    expect([piped.code, piped.out.trim()]).toEqual([0, '3000000']);
    expect((await run('ssh', [...configured, '-v', name, 'true'])).err).toContain('cipher: aes128-gcm@openssh.com');
  });

  it('lets them in by the lease\'s name too, and knows its host by its id alone', async () => {
    for (const name of ['train-the-2nd.tandem', 'TRAIN-the-2nd.tandem']) {
      const ran = await ssh(name, 'hostname');
      expect([ran.code, ran.out.trim()], ran.err).toEqual([0, lease.leaseId.slice(0, 8)]);
    }
    expect((await tandem('ssh', 'Train, the 2nd', '--', 'id -un')).out).toBe('tenant\n');
    expect(readFileSync(join(env['TANDEM_HOME']!, 'ssh/train-the-2nd.tandem/known_hosts'), 'utf8')).toContain(`@cert-authority ${lease.leaseId}.tandem `);
    // Where the name means another lease than the certificate that ssh was told of, it is not let in.
    const alias = join(env['TANDEM_HOME']!, 'ssh/train-the-2nd.tandem/alias');
    const other = await ssh('-o', 'HostKeyAlias=0192f0c1-0000-7000-8000-000000000001.tandem', 'train-the-2nd.tandem', 'true');
    expect([other.code, readFileSync(alias, 'utf8')]).toEqual([255, `Host train-the-2nd.tandem\n  HostKeyAlias ${lease.leaseId}.tandem\n`]);
    expect((await ssh('nonesuch.tandem', 'true')).code).toBe(255);
  });

  it('gives a terminal, and forwards ports inside the lease\'s own network alone', async () => {
    const name = `${lease.leaseId}.tandem`;
    expect((await ssh('-tt', name, 'tty')).out).toContain('/dev/pts/');
    // The node's own loopback has the agents' listener: from inside there is nothing at that port.
    const { port } = house.tunnels.address!;
    const outward = await ssh('-W', `127.0.0.1:${port}`, name);
    expect(outward.code).not.toBe(0);
    expect(outward.err).toMatch(/open failed|Connection refused/);
    const seen = await ssh(name, 'cat /proc/net/dev | tail -n +3 | cut -d: -f1; cat /proc/1/comm');
    expect(seen.out.split('\n').map((line) => line.trim())).toEqual(['lo', 'bwrap', '']);
  });

  it('does what editors ask of it: a script on standard input, a SOCKS port, ports both ways, and more sessions over one connection', async () => {
    const name = `${lease.leaseId}.tandem`;
    const near = createServer((_request, reply) => reply.end('from my own machine')).listen(0, '127.0.0.1');
    await once(near, 'listening');
    const [socks, local, far] = [await freePort(), await freePort(), await freePort()];
    const one = ['-S', join(house.folder, 'one')];
    const home = `127.0.0.1:${(near.address() as AddressInfo).port}`;
    // It goes into the background once all ports are there.
    const ports = ['-D', String(socks), '-L', `${local}:127.0.0.1:${far}`, '-R', `127.0.0.1:${far}:${home}`];
    const master = await run('sh', ['-c', '"$@" > /dev/null 2>&1', 'sh', 'ssh', '-F', join(env['HOME']!, '.ssh/config'), '-f', '-N', '-M', ...one, '-o', 'BatchMode=yes', '-o', 'ExitOnForwardFailure=yes', ...ports, name]);
    expect(master.code, master.err).toBe(0);
    // As the remote part of an editor is installed: what is to run comes in as text, and what it says comes back by lines.
    const script = await run('ssh', ['-F', join(env['HOME']!, '.ssh/config'), ...one, '-T', name, 'bash'], `set -e\nmkdir -p ~/.editor-server\necho listening > ~/.editor-server/log\nexec 3<>/dev/tcp/127.0.0.1/${far}\nprintf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3\ntail -n 1 <&3\necho; cat ~/.editor-server/log\n`);
    expect(script.out, script.err).toBe('from my own machine\nlistening\n');
    for (const way of [['--socks5-hostname', `127.0.0.1:${socks}`, `http://localhost:${far}/`], [`http://127.0.0.1:${local}/`]]) {
      const got = await run('curl', ['-s', '--noproxy', '', ...way]);
      expect([got.code, got.out], way.join(' ')).toEqual([0, 'from my own machine']);
    }
    const batch = await run('sftp', ['-F', join(env['HOME']!, '.ssh/config'), '-q', '-b', '-', name], 'rename .editor-server/log .editor-server/old\nls -1 .editor-server\nrm .editor-server/old\nrmdir .editor-server\n');
    expect(batch.out, batch.err).toContain('\n.editor-server/old\n');
    expect((await run('ssh', [...one, '-O', 'exit', name])).code).toBe(0);
    near.close();
  });

  it('needs the certificate of this lease, and the client checks the host', async () => {
    const folder = join(env['TANDEM_HOME']!, 'ssh', `${lease.leaseId}.tandem`);
    const proxy = `ProxyCommand=${process.execPath} --disable-warning=ExperimentalWarning ${join(import.meta.dirname, '../../cli/main.ts')} ssh proxy ${lease.leaseId}`;
    const bare = ['-F', '/dev/null', '-o', proxy, '-o', 'BatchMode=yes', '-o', 'IdentitiesOnly=yes', '-o', `HostKeyAlias=${lease.leaseId}.tandem`];
    const key = join(house.folder, 'own');
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    const without = await run('ssh', [...bare, '-i', key, '-o', `UserKnownHostsFile=${join(folder, 'known_hosts')}`, 'tenant@x', 'id']);
    expect([without.code, /Permission denied/.test(without.err)], without.err).toEqual([255, true]);
    const unknown = await run('ssh', [...bare, '-i', join(folder, 'key'), '-o', 'UserKnownHostsFile=/dev/null', '-o', 'StrictHostKeyChecking=yes', 'tenant@x', 'id']);
    expect([unknown.code, /Host key verification failed/.test(unknown.err)], unknown.err).toEqual([255, true]);
    const stranger = { ...env, TANDEM_KEY: 'tdm_wrong' };
    expect((await new Promise<number>((resolve) => { spawn(process.execPath, [join(import.meta.dirname, '../../cli/main.ts'), 'ssh', 'proxy', lease.leaseId], { env: stranger, stdio: 'ignore' }).on('close', (code) => resolve(code ?? -1)); }))).toBe(4);
    for (const path of readdirSync(folder)) expect(existsSync(join(folder, path))).toBe(true);
  });

  it('shows its screen to whom it logs in, by a password that nobody is told', async () => {
    const stream = await house.tunnels.gateway.look(house.admin, lease.leaseId);
    const reader = new ByteReader(stream, 'the screen', AbortSignal.timeout(20_000));
    stream.write(Buffer.of(1));
    const init = Buffer.from(await reader.read(20));
    await reader.readText();
    expect([init.readUInt16BE(0), init.readUInt16BE(2)]).toEqual([1280, 800]);
    // The whole screen in raw pixels, which are not all of one colour.
    stream.write(Buffer.of(2, 0, 0, 1, 0, 0, 0, 0));
    stream.write(Buffer.of(3, 0, 0, 0, 0, 0, 5, 0, 3, 32));
    const update = Buffer.from(await reader.read(16));
    expect([update[0], update.readUInt16BE(2) > 0, update.readInt32BE(12)]).toEqual([0, true, 0]);
    const pixels = await reader.read(update.readUInt16BE(8) * update.readUInt16BE(10) * 4);
    expect(new Set(Array.from({ length: Math.min(4_000, pixels.length / 4) }, (_, at) => pixels.readUInt32BE(at * 4))).size).toBeGreaterThan(1);
    const again = await house.tunnels.gateway.look(house.admin, lease.leaseId);
    again.destroy();
    stream.destroy();
    // Nothing of it stands in the machine's list of processes, nor is it the same as what the VNC server reads.
    const password = readFileSync(join(files, '../screen-password'), 'utf8');
    expect(password).toMatch(/^[A-Za-z2-9]{8}$/);
    expect((await run('ps', ['axww', '-o', 'args'])).out).not.toContain(password);
    expect(readFileSync(join(files, '../ssh/screen')).includes(password)).toBe(false);
  });

  it('opens in a browser once for each ticket, to whom it was made for, from the console\'s own page', async () => {
    const api = async (path: string, body: unknown) => {
      const reply = await fetch(`${env['TANDEM_URL']}${path}`, { method: 'POST', headers: { authorization: `Bearer ${env['TANDEM_KEY']}`, 'content-type': 'application/json' }, body: JSON.stringify(body) });
      return (await reply.json()) as { ticket: string };
    };
    const open = (ticket: string, more: Record<string, string> = {}) => new WebSocket(`${env['TANDEM_URL']!.replace('http', 'ws')}/api/leases/${lease.leaseId}/screen`, ['tandem-screen', `ticket.${ticket}`], { headers: { authorization: `Bearer ${env['TANDEM_KEY']}`, ...more } });
    /** By HTTP before the caller and the page are known, then by what ends the socket: 4000 and what HTTP would say. */
    const refusal = (socket: WebSocket) => new Promise<number>((resolve, reject) => {
      socket.on('unexpected-response', (_request, reply) => {
        resolve(reply.statusCode!);
        reply.destroy();
      }).on('close', (code) => resolve(code)).on('message', () => reject(new Error('it was let in'))).on('error', () => {});
    });
    /** A browser's side of RFB, up to the screen's size. */
    const look = async (socket: WebSocket) => {
      const reader = new ByteReader(createWebSocketStream(socket), 'the gateway', AbortSignal.timeout(20_000));
      expect((await reader.read(12)).toString()).toBe('RFB 003.008\n');
      socket.send('RFB 003.008\n');
      expect([...(await reader.read(2))]).toEqual([1, 1]);
      socket.send(Buffer.of(1));
      expect((await reader.read(4)).readUInt32BE()).toBe(0);
      socket.send(Buffer.of(1));
      const size = (await reader.read(4)).toString('hex');
      return { reader, size };
    };
    const { ticket } = await api(`/api/leases/${lease.leaseId}/tickets`, { mode: 'view' });
    expect(await refusal(open(ticket, { origin: 'https://elsewhere.example' }))).toBe(403);
    const first = open(ticket);
    const { size } = await look(first);
    expect([first.protocol, size]).toEqual(['tandem-screen', '05000320']);
    // Used, made up, and another's.
    expect(await refusal(open(ticket))).toBe(4403);
    expect(await refusal(open('x'.repeat(43)))).toBe(4403);
    const { ticket: others } = await api(`/api/leases/${lease.leaseId}/tickets`, { mode: 'view', forActor: 'somebody-else' });
    expect(await refusal(open(others))).toBe(4403);
    expect(await refusal(open(ticket, { authorization: 'Bearer tdm_wrong' }))).toBe(401);
    const closed = new Promise((resolve) => first.once('close', resolve));
    first.send(Buffer.of(77));
    await closed;
  });

  it('cuts what is inside within seconds of the end of the lease, and lets nobody in again', async () => {
    const name = `${lease.leaseId}.tandem`;
    const session = ssh(name, 'echo in; sleep 600');
    const screen = await house.tunnels.gateway.look(house.admin, lease.leaseId);
    screen.resume();
    for (let tries = 0; house.tunnels.gateway.size < 2 && tries < 400; tries += 1) await new Promise((resolve) => { setTimeout(resolve, 25); });
    const endedMs = performance.now();
    lease.end();
    expect((await session).code).toBe(255);
    expect(screen.destroyed).toBe(true);
    expect(performance.now() - endedMs).toBeLessThan(5_000);
    await house.tunnels.link.ask(lease.nodeId, 'lease.end', { lease: lease.leaseId, fence: '1' });
    expect((await tandem('ssh', lease.leaseId, '--', 'id')).code).toBe(1);
    expect(await house.tunnels.link.ask(lease.nodeId, 'lease.wipe', { lease: lease.leaseId, fence: '1' })).toMatchObject({ clean: true });
  });
});
