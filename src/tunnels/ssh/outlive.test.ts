import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canSandbox } from '../../../agent/src/testing/can-sandbox.ts';
import { ByteReader } from '../screen/byte-reader.ts';
import { openLeaseHouse, type LeaseHouse } from '../testing/lease-house.ts';

describe.runIf(canSandbox)('sessions and the agent (stand-in, not macOS)', () => {
  let open: LeaseHouse;
  beforeAll(async () => {
    open = await openLeaseHouse();
  }, 120_000);
  afterAll(() => open?.[Symbol.asyncDispose]());

  it('go on when the agent is killed, by ssh and on a screen, and the next agent lets more in', async () => {
    const { house, lease, agent, home } = open;
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

    house.startAgent(home);
    await house.until('back', ({ connected }) => connected);
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
});
