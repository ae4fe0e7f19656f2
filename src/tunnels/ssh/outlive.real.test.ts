import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canSandbox } from '../../../agent/src/testing/can-sandbox.ts';
import { ByteReader } from '../screen/byte-reader.ts';
import { AgentReleases } from '../testing/agent-release.ts';
import { openLeaseHouse, type LeaseHouse } from '../testing/lease-house.ts';

describe.runIf(canSandbox)('sessions and the agent (stand-in, not macOS)', () => {
  let open: LeaseHouse;
  let agent: LeaseHouse['agent'];
  beforeAll(async () => {
    open = await openLeaseHouse();
    agent = open.agent;
  }, 120_000);
  afterAll(() => open?.[Symbol.asyncDispose]());

  it('go on when the agent is killed, by ssh and on a screen, and the next agent lets more in', async () => {
    const { house, lease, home } = open;
    const session = open.startSsh(`${lease.leaseId}.tandem`, 'echo in; read word; echo "heard $word"; for n in 1 2 3 4 5; do echo $n; sleep 0.1; done; exit 5');
    let said = '';
    session.stdout!.on('data', (chunk: Buffer) => { said += chunk.toString(); });
    const ended = once(session, 'close');
    const screen = await house.tunnels.gateway.look(house.admin, lease.leaseId);
    await house.until('in', () => said === 'in\n');
    await agent.kill();
    await house.until('away', ({ connected }) => !connected);
    // Nothing of an agent is there now.
    session.stdin!.write('me\n');
    expect(await ended).toEqual([5, null]);
    expect(said).toBe('in\nheard me\n1\n2\n3\n4\n5\n');
    screen.write(Buffer.of(1));
    expect((await new ByteReader(screen, 'the screen', AbortSignal.timeout(20_000)).read(4)).toString('hex')).toBe('05000320');
    screen.destroy();

    agent = house.startAgent(home);
    await house.until('back', () => house.tunnels.link.isConnected(lease.nodeId));
    expect((await open.ssh(`${lease.leaseId}.tandem`, 'echo again')).out).toBe('again\n');
  });

  it('lead to a port of the lease too, where somebody listens there', async () => {
    const { house, lease } = open;
    const port = (number: number) => house.tunnels.link.open(lease.nodeId, 'port', { lease: lease.leaseId, fence: '1', port: number });
    const server = open.startSsh(`${lease.leaseId}.tandem`, 'python3 -c "import http.server as h; s = h.HTTPServer((\'127.0.0.1\', 8000), h.SimpleHTTPRequestHandler); print(\'listens\', flush=True); s.serve_forever()"');
    await once(server.stdout!, 'data');
    const stream = await port(8000);
    stream.write('GET / HTTP/1.0\r\n\r\n');
    let said = '';
    // It is over when the server inside has ended it.
    for await (const chunk of stream) said += String(chunk);
    expect(said).toContain('Directory listing for /');
    await expect(port(8001)).rejects.toMatchObject({ code: 'node_refused', detail: 'no_port' });
    await expect(house.tunnels.link.open(lease.nodeId, 'port', { lease: lease.leaseId, fence: '2', port: 8000 })).rejects.toMatchObject({ detail: 'fenced' });
    await expect(port(70_000)).rejects.toMatchObject({ code: 'node_refused' });
    server.kill();
  });

  it('are cut when the time of the lease is over, although no agent is there and no server says so', async () => {
    const { lease } = open;
    const session = open.startSsh(`${lease.leaseId}.tandem`, 'echo in; sleep 600');
    const ended = once(session, 'close');
    await once(session.stdout!, 'data');
    await open.grant(3_000);
    await agent.kill();
    expect((await ended)[0]).toBe(255);
  });
});

/** The network between machine and server: connections, the oldest first, that a test cuts, and where new ones lead. */
class Relay {
  readonly pairs: (readonly [Socket, Socket])[] = [];
  to = 0;
  readonly #server = createServer((near) => {
    const far = connect(this.to, '127.0.0.1');
    const pair = [near, far] as const;
    this.pairs.push(pair);
    for (const one of pair) one.on('error', () => {}).on('close', () => this.cut(pair));
    near.pipe(far).pipe(near);
  });

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => { this.#server.listen(0, '127.0.0.1', resolve); });
    return (this.#server.address() as AddressInfo).port;
  }

  cut(pair: readonly [Socket, Socket] = this.pairs[0]!): void {
    if (this.pairs.includes(pair)) this.pairs.splice(this.pairs.indexOf(pair), 1);
    for (const one of pair) one.destroy();
  }

  close(): void {
    this.#server.close();
    while (this.pairs.length > 0) this.cut();
  }
}

describe.runIf(canSandbox)('sessions and what happens to a machine (stand-in, not macOS)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-release-'));
  const releases = new AgentReleases(folder);
  const first = releases.first('1.0.0');
  const relay = new Relay();
  let open: LeaseHouse;
  beforeAll(async () => {
    const port = await relay.listen();
    open = await openLeaseHouse({
      agentFolder: first,
      start(home, house) {
        relay.to = house.tunnels.address!.port;
        const identity = JSON.parse(readFileSync(join(home, 'identity/identity.json'), 'utf8')) as object;
        writeFileSync(join(home, 'identity/identity.json'), JSON.stringify({ ...identity, server: { host: '127.0.0.1', port } }));
        const launcher = spawn('sh', [join(home, 'versions/current/launch.sh'), home], { stdio: 'ignore' });
        const ended = once(launcher, 'close');
        return {
          async kill() {
            launcher.kill('SIGTERM');
            await ended;
          },
        };
      },
    });
  }, 120_000);
  afterAll(async () => {
    await open?.[Symbol.asyncDispose]();
    await open?.agent.kill();
    relay.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A session that says what it hears, until it hears `bye`. */
  async function session() {
    const child = open.startSsh(`${open.lease.leaseId}.tandem`, 'echo in; while read word; do [ "$word" = bye ] && exit 6; echo "heard $word"; done');
    let said = '';
    child.stdout!.on('data', (chunk: Buffer) => { said += chunk.toString(); });
    const ended = once(child, 'close') as Promise<[number | null]>;
    const hears = async (text: string): Promise<void> => {
      child.stdin!.write(`${text}\n`);
      await open.house.until(`that hears ${text}`, () => said.includes(`heard ${text}\n`));
    };
    await open.house.until('in', () => said === 'in\n');
    return { child, ended, hears };
  }
  const back = () => open.house.until('back', () => open.house.tunnels.link.isConnected(open.lease.nodeId));

  it('go on while the agent\'s own connection is cut and made again', async () => {
    const { child, ended, hears } = await session();
    relay.cut();
    await open.house.until('away', () => !open.house.tunnels.link.isConnected(open.lease.nodeId));
    await hears('this');
    await back();
    await hears('that');
    child.stdin!.write('bye\n');
    expect(await ended).toEqual([6, null]);
  });

  it('go on when the network went and is back, over other lines, and leave nothing behind', async () => {
    const { child, ended, hears } = await session();
    await hears('this');
    while (relay.pairs.length > 0) relay.cut();
    child.stdin!.write('unheard\n');
    await back();
    await hears('that');
    child.stdin!.write('bye\n');
    expect(await ended).toEqual([6, null]);
    expect((await open.ssh(`${open.lease.leaseId}.tandem`, 'for n in 1 2 3 4 5; do pgrep -c sshd; sleep 0.2; done | tail -1')).out.trim()).toMatch(/^[12]$/);
  });

  it('go on while the agent brings itself to another release', async () => {
    const { child, ended, hears } = await session();
    const before = readlinkSync(join(open.home, 'versions/current'));
    // Another process of the server has the new release.
    const other = await open.house.secondTunnels(releases.make('1.1.0', { from: first }));
    relay.to = other.address!.port;
    relay.cut();
    await open.house.until('at the next release', ({ connected, agentVersion }) => connected && agentVersion === '1.1.0');
    expect(readlinkSync(join(open.home, 'versions/current'))).not.toBe(before);
    await hears('this');
    child.stdin!.write('bye\n');
    expect(await ended).toEqual([6, null]);
  });
});
