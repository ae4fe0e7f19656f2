import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startShell, type TestShell } from '../testing/shell.ts';

let shell: TestShell;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-console-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Tandem</title>');
  writeFileSync(join(folder, 'assets', 'main-AbCd1234.js'), `export const x = '${'y'.repeat(2_000)}';`);
  writeFileSync(join(folder, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  writeFileSync(join(folder, 'secret.key'), 'not a page');
  symlinkSync('/etc/hostname', join(folder, 'assets', 'hostname.secret'));
  shell = await startShell({ consoleFolder: folder });
});
afterAll(async () => {
  await shell[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** The path as it is: fetch would tidy it up first. */
const raw = (path: string, headers: Record<string, string> = {}) => new Promise<{ status: number; body: string; headers: Record<string, unknown> }>((resolve, reject) => {
  request({ host: '127.0.0.1', port: shell.port, path, headers }, (reply) => {
    let body = '';
    reply.setEncoding('utf8').on('data', (text: string) => { body += text; }).on('end', () => resolve({ status: reply.statusCode!, body, headers: reply.headers }));
  }).on('error', reject).end();
});
const html = { accept: 'text/html,*/*' };

describe('the console\'s files', () => {
  it('come with a strict policy; the page is fresh, hashed files are kept', async () => {
    const page = await raw('/', html);
    expect(page).toMatchObject({ status: 200, body: expect.stringContaining('<title>Tandem'), headers: {
      'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer',
      'content-security-policy': expect.stringMatching(/default-src 'none'; script-src 'self'; style-src 'self';.*frame-ancestors 'none'/),
    } });
    expect(page.headers['content-security-policy']).not.toContain('unsafe');
    const script = await raw('/assets/main-AbCd1234.js');
    expect(script.headers).toMatchObject({ 'cache-control': 'public, max-age=31536000, immutable', 'content-type': 'text/javascript; charset=utf-8' });
    expect((await raw('/assets/main-AbCd1234.js', { 'if-none-match': script.headers['etag'] as string })).status).toBe(304);
    expect((await raw('/assets/main-AbCd1234.js', { 'accept-encoding': 'gzip' })).headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' });
  });

  it('are served for its own routes, asked for as pages', async () => {
    for (const path of ['/keys', '/money/bill?month=2026-11', '/login']) expect((await raw(path, html)).body).toContain('<title>Tandem');
    expect((await raw('/keys')).status).toBe(404);
    expect((await raw('/missing.js', html)).status).toBe(404);
    expect((await raw('/api/missing', html)).body).toContain('"not_found"');
  });

  it.each(['/../package.json', '/assets/../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/assets/..%2f..%2fetc/passwd', '/assets/%252e%252e/x.js', '//etc/passwd', '/secret.key', '/assets/hostname.secret', '/index.html%00.js', '/assets'])('are the only ones: not %s', async (path) => {
    const reply = await raw(path);
    expect([400, 404]).toContain(reply.status);
    expect(reply.body).toContain('"error"');
  });

  it('are missing with a next step when nothing was built', async () => {
    await using bare = await startShell();
    expect(await (await fetch(bare.url)).json()).toMatchObject({ error: { code: 'no_console' } });
  });
});
