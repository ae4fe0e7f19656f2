import { mkdtempSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { run, stubServer } from '../testing/terminal.ts';

const ID = '0192f0c1-0000-7000-8000-000000000001';
const hook = { id: ID, name: 'guard', projectId: null, url: 'https://hooks.example.com/check', stage: 'both', deadlineMs: 300, onFailure: 'open', enabled: true, createdAt: '2026-11-23T07:00:00.000Z' };
const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

test('hooks are listed, added with their secret shown once, changed and removed', async () => {
  const { server, url, seen } = await stubServer({
    'GET /api/hooks': { json: { items: [hook], nextCursor: null } }, 'POST /api/hooks': { status: 201, json: { hook, secret: 'whsec_once' } },
    [`PATCH /api/hooks/${ID}`]: { json: { ...hook, enabled: false } }, [`DELETE /api/hooks/${ID}`]: { status: 204 },
  });
  open.push(server);
  const env = { TANDEM_URL: url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: mkdtempSync(join(tmpdir(), 'tandem-cli-')) };
  for (const part of ['guard', 'https://hooks.example.com/check', 'organisation', 'requests and replies', '300 ms', 'open', ID]) expect((await run(['hooks'], env)).out).toContain(part);
  expect((await run(['hooks', 'add', 'guard', hook.url, '--stage', 'both', '--deadline', '300', '--on-failure', 'open'], env)).out).toContain('whsec_once');
  expect(seen.at(-1)!.body).toEqual({ name: 'guard', url: hook.url, projectId: null, stage: 'both', deadlineMs: 300, onFailure: 'open', enabled: true });
  expect((await run(['hooks', 'update', ID, '--off'], env)).out).toBe('guard: off, 300 ms, open on failure.\n');
  expect(seen.at(-1)!.body).toEqual({ enabled: false });
  expect((await run(['hooks', 'update', ID], env)).code).toBe(2);
  expect((await run(['hooks', 'add', 'guard', hook.url, '--deadline', 'soon'], env)).code).toBe(2);
  expect((await run(['hooks', 'remove', ID], env)).out).toBe('Removed the hook.\n');
});
