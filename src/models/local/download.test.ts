import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openUrl, readUrl, saveUrl } from './download.ts';

const servers: Server[] = [];
afterEach(() => {
  delete process.env['http_proxy'];
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(handler: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`, server };
}

const never = new AbortController().signal;
const target = () => join(mkdtempSync(join(tmpdir(), 'tandem-download-')), 'file');

test('saves a file and tells its hash and its growth', async () => {
  const { url } = await serve((_request, response) => response.end('content'));
  const path = target();
  const growth: number[] = [];
  expect(await saveUrl(url, path, 100, never, (bytes) => growth.push(bytes))).toBe('ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73');
  expect(readFileSync(path, 'utf8')).toBe('content');
  expect(growth.at(-1)).toBe(7);
});

test('refuses other answers than 200, and more than was asked for', async () => {
  const missing = await serve((_request, response) => response.writeHead(404).end());
  await expect(openUrl(missing.url, never)).rejects.toThrow('answered 404');
  const long = await serve((_request, response) => response.end('x'.repeat(1000)));
  await expect(readUrl(long.url, 10, never)).rejects.toThrow('more than 10 bytes');
  await expect(saveUrl(long.url, target(), 10, never, () => {})).rejects.toThrow('longer than 10 bytes');
});

test('a connection that breaks, and one that is given up, are errors', async () => {
  const broken = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('half', () => response.destroy());
  });
  await expect(readUrl(broken.url, 2000, never)).rejects.toThrow();
  const leave = new AbortController();
  const slow = await serve(() => leave.abort(new Error('given up')));
  await expect(readUrl(slow.url, 10, leave.signal)).rejects.toThrow();
  const gone = await serve(() => {});
  await new Promise((resolve) => gone.server.close(resolve));
  await expect(readUrl(gone.url, 10, never)).rejects.toThrow('ECONNREFUSED');
});

test('goes through the proxy that the environment names', async () => {
  const asked: (string | undefined)[] = [];
  const proxy = await serve((request, response) => {
    asked.push(request.url);
    response.end('from the proxy');
  });
  process.env['http_proxy'] = new URL(proxy.url).origin;
  expect(await readUrl('http://packages.example/file', 100, never)).toBe('from the proxy');
  expect(asked).toEqual(['http://packages.example/file']);
});
