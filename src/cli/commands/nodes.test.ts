import { mkdtempSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { run, stubServer } from '../testing/terminal.ts';

const ID = '0192f0c1-0000-7000-8000-000000000001';
const at = '2026-11-23T07:00:00.000Z';
const node = {
  id: ID, name: 'gpu-1', pool: 'default', platform: 'linux-x64', standIn: true, state: 'ready', connected: true, lastSeenAt: at, health: { state: 'degraded', reasons: ['GPU 0 is hot\u001b[31m'] }, approved: null, changed: [],
  wanted: { what: 'serve', reason: null, by: null, at: null, deadlineAt: null }, quarantine: null, inventory: { cpu: { cores: 8 }, hostname: 'evil\u001b]0;x\u0007' }, inventoryAt: at, agentVersion: '0.1.0', createdAt: at, usableAt: at,
};
const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

test('nodes are added by a line, listed, looked at, approved, drained and removed; what a machine says steers no terminal', async () => {
  const drained = { ...node, state: 'draining', wanted: { what: 'drain', reason: 'disk', by: 'admin', at, deadlineAt: '2026-11-23T09:00:00.000Z' } };
  const { server, url, seen } = await stubServer({
    'GET /api/nodes': { json: { items: [node], nextCursor: null } },
    'POST /api/nodes': { status: 201, json: { id: ID, pool: 'default', name: null, expiresAt: at, line: 'printf %s x | sh', token: 'x' } },
    [`GET /api/nodes/${ID}`]: { json: { node, events: [{ id: ID, at, kind: 'enrolled', detail: 'from 192.0.2.1' }] } },
    [`POST /api/nodes/${ID}/approve`]: { json: { ...node, approved: { by: 'admin', at } } },
    [`POST /api/nodes/${ID}/wanted`]: { json: drained },
    [`DELETE /api/nodes/${ID}`]: { status: 204 },
    [`POST /api/nodes/${ID}/doctor`]: { json: { checks: [{ id: 'disk', state: 'fail', detail: '1 GB are free', next: 'Free space.' }] } },
  });
  open.push(server);
  const env = { TANDEM_URL: url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: mkdtempSync(join(tmpdir(), 'tandem-cli-')) };
  for (const part of ['gpu-1', 'ready', 'degraded', 'stand-in, not macOS', 'no']) expect((await run(['node', 'list'], env)).out).toContain(part);
  expect((await run(['node', 'add', '--pool', 'training'], env)).out).toContain('  printf %s x | sh\n');
  expect(seen.at(-1)!.body).toEqual({ pool: 'training' });
  const shown = (await run(['node', 'show', 'gpu-1'], env)).out;
  for (const part of ['gpu-1  ready', 'GPU 0 is hot', 'no: tandem node approve gpu-1', 'cpu          cores 8', 'enrolled: from 192.0.2.1']) expect(shown).toContain(part);
  expect(shown).not.toMatch(/[\u001b\u0007]/);
  expect((await run(['node', 'approve', 'gpu-1'], env)).out).toBe('gpu-1 is approved as what it says it is now.\n');
  expect((await run(['node', 'drain', 'gpu-1', '--grace', '2h', '--reason', 'disk'], env)).out).toContain('what still runs is ended at 2026-11-23 09:00 UTC');
  expect(seen.at(-1)!.body).toEqual({ what: 'drain', reason: 'disk', graceSeconds: 7_200 });
  await run(['node', 'uncordon', ID], env);
  expect(seen.at(-1)!.body).toEqual({ what: 'serve', reason: null, graceSeconds: null });
  expect((await run(['node', 'remove', 'gpu-1'], env)).out).toContain('Removed gpu-1');
  expect(await run(['node', 'doctor', 'gpu-1'], env)).toMatchObject({ code: 1, out: expect.stringContaining('Next: Free space.') });
  expect(await run(['node', 'show', 'nonesuch'], env)).toMatchObject({ code: 1, err: expect.stringContaining('tandem node list') });
});
