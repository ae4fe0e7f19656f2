import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { systemClock } from '../../base/index.ts';
import { readEgressPolicy } from '../../base/egress/index.ts';
import { registerTracing } from '../../base/testing/tracing.ts';
import { inRequestSpan } from '../../base/trace.ts';
import type { OutRequest } from '../neutral/dialect.ts';
import { CollectedReply } from './exchange.ts';
import { RemoteBackend } from './remote-backend.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';

it('hands the trace of a call on to the backend, and nothing where nobody traces', async () => {
  const heard: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    heard.push(request.headers['traceparent'] as string | undefined);
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const backend = new RemoteBackend({ id: 'b', name: 'b', url, key: null, policy: readEgressPolicy({ allow: ['127.0.0.0/8'] }), connectTimeoutMs: 1_000, clock: systemClock });
  const ask = () => new Promise<void>((resolve, reject) => {
    backend.send({ method: 'POST', path: '/x', headers: [], body: Buffer.from('{}'), inputBound: 0, outputBound: 0, textBytes: 2 }, { onRequestStart: () => {}, onResponseStart: () => {}, onResponseData: () => {}, onResponseEnd: () => resolve(), onResponseError: (_: unknown, error: Error) => reject(error) });
  });
  const called = () => inRequestSpan('outer', { traceparent: `00-${TRACE}-b7ad6b7169203331-01` }, () => ({}), ask);
  try {
    await called();
    const tracing = registerTracing();
    await called();
    await tracing.stop();
    expect(heard[0]).toBeUndefined();
    expect(heard[1]).toMatch(new RegExp(`^00-${TRACE}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`));
  } finally {
    await backend.close();
    await new Promise((resolve) => server.close(resolve));
  }
});

it('sends nothing at all when a header would hold a line end', async () => {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const out = { method: 'POST', path: '/x', headers: [], body: Buffer.from('{}'), inputBound: 0, outputBound: 0, textBytes: 2 } as const;
  const failure = async (key: string, request: OutRequest, signed: readonly string[] = []) => {
    const backend = new RemoteBackend({ id: 'b', name: 'b', url, key, policy: readEgressPolicy({ allow: ['127.0.0.0/8'] }), connectTimeoutMs: 1_000, clock: systemClock });
    const exchange = new CollectedReply(systemClock);
    backend.send(request, exchange, signed);
    try {
      return await exchange.ended.then(() => 'sent', (error: Error) => error.message);
    } finally {
      await backend.close();
    }
  };
  try {
    expect(await failure('sk-secret\r\nx-admin: 1', out)).toBe('the header authorization holds what no header may hold');
    expect(await failure('k', { ...out, headers: ['x-a', 'b\nc'] })).toBe('the header x-a holds what no header may hold');
    expect(await failure('k', out, ['x-amz-date', 'b\0c'])).toBe('the header x-amz-date holds what no header may hold');
    expect(await failure('k', { ...out, path: '/x HTTP/1.1\r\nx-a: b' })).toBe('the path holds what no path may hold');
    expect([asked, await failure('k', out), asked]).toEqual([0, 'sent', 1]);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});
