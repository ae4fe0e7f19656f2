import { mkdtempSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { run, stubServer } from '../testing/terminal.ts';

const ID = '0192f0c1-0000-7000-8000-000000000001';
const hook = { id: ID, name: 'guard', projectId: null, url: 'https://hooks.example.com/check', stage: 'both', deadlineMs: 300, onFailure: 'open', enabled: true, createdAt: '2026-11-23T07:00:00.000Z', asked: '12345', failed: '2', lastFailedAt: null, lastProblem: null };
const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

test('hooks are listed, added with their secret shown once, changed and removed', async () => {
  const { server, url, seen } = await stubServer({
    'GET /api/hooks': { json: { items: [hook], nextCursor: null } }, 'POST /api/hooks': { status: 201, json: { hook, secret: 'whsec_once' } },
    [`POST /api/hooks/${ID}/test`]: { json: { tries: [{ stage: 'request', action: 'block', problem: null, ms: 12 }, { stage: 'reply', action: null, problem: 'it answered 500', ms: 3 }] } },
    [`GET /api/hooks/${ID}/failures`]: { json: { items: [{ id: ID, callId: ID, stage: 'reply', problem: 'it answered \u001b[31m500', at: '2026-11-23T07:00:00.000Z' }], nextCursor: null } },
    [`POST /api/hooks/${ID}/rotate`]: { json: { secret: 'whsec_next', bothUntil: '2026-11-24T07:00:00.000Z' } },
    [`PATCH /api/hooks/${ID}`]: { json: { ...hook, enabled: false } }, [`DELETE /api/hooks/${ID}`]: { status: 204 },
  });
  open.push(server);
  const env = { TANDEM_URL: url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: mkdtempSync(join(tmpdir(), 'tandem-cli-')) };
  for (const part of ['guard', 'https://hooks.example.com/check', 'organisation', 'requests and replies', '300 ms', 'open', '12,345', ID]) expect((await run(['hooks'], env)).out).toContain(part);
  expect((await run(['hooks', 'add', 'guard', hook.url, '--stage', 'both', '--deadline', '300', '--on-failure', 'open'], env)).out).toContain('whsec_once');
  expect(seen.at(-1)!.body).toEqual({ name: 'guard', url: hook.url, projectId: null, stage: 'both', deadlineMs: 300, onFailure: 'open', enabled: true });
  expect((await run(['hooks', 'update', ID, '--off'], env)).out).toBe('guard: off, 300 ms, open on failure.\n');
  expect(seen.at(-1)!.body).toEqual({ enabled: false });
  expect((await run(['hooks', 'update', ID], env)).code).toBe(2);
  expect((await run(['hooks', 'add', 'guard', hook.url, '--deadline', 'soon'], env)).code).toBe(2);
  const tried = await run(['hooks', 'test', ID], env);
  expect([tried.code, tried.out]).toEqual([1, '✓ requests: it blocks the call, 12 ms\n✗ replies: it answered 500, 3 ms\n']);
  expect((await run(['hooks', 'test', 'guard'], env)).out).toBe(tried.out);
  const strange = await run(['hooks', 'remove', 'gaurd'], env);
  expect([strange.code, strange.err]).toEqual([1, 'There is no hook gaurd.\n  Next: List them: tandem hooks\n']);
  expect((await run(['hooks', 'failures', ID], env)).out).toContain('2026-11-23 07:00 UTC  replies      it answered  [31m500');
  expect((await run(['hooks', 'rotate', ID], env)).out).toBe('The new signing secret is shown once:\n\n  whsec_next\n\nBoth sign until 2026-11-24 07:00 UTC: give it to the receiver before.\n');
  expect((await run(['hooks', 'remove', ID], env)).out).toBe('Removed the hook.\n');
});
