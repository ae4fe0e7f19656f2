import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEgressPolicy } from '../../base/egress/index.ts';
import { systemClock } from '../../base/index.ts';
import { neutralRequest } from '../testing/neutral-request.ts';
import { MediaFetcher } from './media-fetcher.ts';
import { withBytes } from './with-bytes.ts';

const PNG = Buffer.from('iVBORw0KGgo=', 'base64');
let server: Server;
let base: string;
const asked: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url!);
    switch (request.url) {
      case '/png': return void response.writeHead(200, { 'content-type': 'image/png; charset=x' }).end(PNG);
      case '/moved': return void response.writeHead(302, { location: '/png' }).end();
      case '/inside': return void response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end();
      case '/round': return void response.writeHead(302, { location: '/round' }).end();
      case '/page': return void response.writeHead(200, { 'content-type': 'application/javascript' }).end('x');
      case '/large': return void response.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.alloc(3 * 1024 * 1024));
      default: return void response.writeHead(404).end();
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((done) => server.close(done)));

const fetcher = (allow: string[] = ['127.0.0.1']) => new MediaFetcher({ policy: readEgressPolicy({ allow }), clock: systemClock, mostBytes: 2 * 1024 * 1024 });

describe('an image that is named by a URL', () => {
  it('is fetched, redirects too', async () => {
    const media = fetcher();
    const signal = new AbortController().signal;
    expect(await media.fetch(`${base}/png`, signal)).toEqual({ mediaType: 'image/png', data: PNG.toString('base64') });
    expect(await media.fetch(`${base}/moved`, signal)).toMatchObject({ mediaType: 'image/png' });
    await media.close();
  });

  it.each([
    ['/none', /answered 404/], ['/page', /neither an image/], ['/large', /larger than 2 MB/], ['/round', /redirected more than 3 times/], ['/inside', /may not be called/],
  ])('%s is refused with its reason', async (path, reason) => {
    const media = fetcher();
    await expect(media.fetch(base + path, new AbortController().signal)).rejects.toMatchObject({ code: 'invalid_request', message: expect.stringMatching(reason) });
    await media.close();
  });

  it('in a closed network is not called', async () => {
    const media = fetcher([]);
    asked.length = 0;
    await expect(media.fetch(`${base}/png`, new AbortController().signal)).rejects.toMatchObject({ message: expect.stringMatching(/may not be called/) });
    expect(asked).toEqual([]);
    await media.close();
  });

  it('becomes bytes once, wherever it stands', async () => {
    const image = { type: 'image', source: { kind: 'url', url: 'https://a.example/x' } } as const;
    const request = neutralRequest({ media: { images: 2, files: 0, characters: 38 }, conversation: { turns: [{ role: 'user', parts: [{ type: 'text', text: 'Look' }, image] }, { role: 'tool', parts: [{ type: 'tool_result', callId: 'c', isError: false, content: [image] }] }] } });
    let calls = 0;
    const made = await withBytes(request, async () => { calls += 1; return { mediaType: 'image/png', data: 'AAAA' }; }, () => new Error('too many'));
    const bytes = { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' } };
    expect(calls).toBe(1);
    expect(made.conversation().turns.map(({ parts }) => parts)).toEqual([[{ type: 'text', text: 'Look' }, bytes], [{ type: 'tool_result', callId: 'c', isError: false, content: [bytes] }]]);
    expect(made.media.characters).toBe(38 + 2 * (4 - 'https://a.example/x'.length));
    expect(await withBytes(neutralRequest(), async () => { throw new Error('never'); }, () => new Error('too many'))).toMatchObject({ model: 'team/model' });
  });
});
