import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../base/index.ts';
import { readEgressPolicy } from '../../base/egress/index.ts';
import { CollectedReply } from './exchange.ts';
import { RemoteBackend } from './remote-backend.ts';

/** The test certificate of the room `http`, taken as one that is trusted. */
const FOLDER = join(import.meta.dirname, '../../http/listen/fixtures');
const cert = readFileSync(join(FOLDER, 'old.cert.pem'), 'utf8');
const trusted = getCACertificates('default');

beforeAll(() => { setDefaultCACertificates([...trusted, cert]); });
afterAll(() => { setDefaultCACertificates(trusted); });

test('over TLS a reply comes whole however it is cut, the connection is kept, and the next one takes up its session', async () => {
  const pieces = Array.from({ length: 200 }, (_, index) => `${index},`.repeat(1 + index));
  const seen: { socket: unknown; resumed: boolean; host: string | undefined }[] = [];
  const server = createServer({ cert, key: readFileSync(join(FOLDER, 'old.key.pem')) }, (request, response) => {
    seen.push({ socket: request.socket, resumed: (request.socket as TLSSocket).isSessionReused(), host: request.headers.host });
    if (request.url === '/v1/last') response.setHeader('connection', 'close');
    for (const piece of pieces) response.write(piece);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const backend = new RemoteBackend({ id: 'b', name: 'b', url: `https://localhost:${port}`, key: 'k', policy: readEgressPolicy({ allow: ['127.0.0.0/8', '::1'] }), connectTimeoutMs: 5_000, clock: systemClock, resolve: async () => [{ address: '127.0.0.1', family: 4 }] });
  try {
    for (const path of ['/first', '/last', '/next']) {
      const exchange = new CollectedReply(systemClock);
      backend.send({ method: 'POST', path, headers: [], body: Buffer.from('{}'), inputBound: 0, outputBound: 0, textBytes: 2 }, exchange);
      await exchange.ended;
      expect(exchange.text()).toBe(pieces.join(''));
    }
    expect([seen[0]!.socket === seen[1]!.socket, seen[1]!.socket === seen[2]!.socket]).toEqual([true, false]);
    expect(seen.map(({ resumed, host }) => [resumed, host])).toEqual([[false, `localhost:${port}`], [false, `localhost:${port}`], [true, `localhost:${port}`]]);
  } finally {
    await backend.destroy();
    await new Promise((resolve) => { server.close(resolve); });
  }
});
