import { mkdtempSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { run, stubServer } from '../testing/terminal.ts';

const ID = '0192f0c1-0000-7000-8000-000000000001';
const quota = { id: ID, scope: { kind: 'project', id: ID, name: 'web\u001b[31m' }, nodes: null, gpus: 8, leases: null, spend: { amount: '2000000000000000', currency: 'USD' }, byOperator: true, setBy: 'Ann', createdAt: '2026-11-23T07:00:00.000Z' };
const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

test('quotas are listed, set and removed', async () => {
  const { server, url, seen } = await stubServer({
    'GET /api/quotas': { json: { items: [quota], nextCursor: null } },
    'POST /api/quotas': { json: quota },
    [`DELETE /api/quotas/${ID}`]: { status: 204, json: null },
    'GET /api/whoami': { json: { organisation: { id: ID } } },
    'GET /api/projects': { json: { items: [{ id: ID, name: 'web', slug: 'web' }], nextCursor: null } },
  });
  open.push(server);
  const env = { TANDEM_URL: url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: mkdtempSync(join(tmpdir(), 'tandem-cli-')) };
  const listed = (await run(['quotas'], env)).out;
  expect(listed).toMatch(/project web.*-\s+8\s+-\s+\$2000\.00\s+the operator \(Ann\)/);
  expect(listed).not.toContain('\u001b');
  expect((await run(['quotas', 'set', 'project:web', '--gpus', '8', '--spend', '2000.00'], env)).code).toBe(0);
  expect(seen.at(-1)!.body).toEqual({ scope: { kind: 'project', id: ID }, nodes: null, gpus: 8, leases: null, spend: '2000000000000000' });
  expect((await run(['quotas', 'set', 'organisation', '--leases', '4'], env)).code).toBe(0);
  expect((await run(['quotas', 'set', 'organisation'], env)).code).not.toBe(0);
  expect((await run(['quotas', 'set', 'organisation', '--gpus', 'many'], env)).code).not.toBe(0);
  expect((await run(['quotas', 'remove', ID], env)).out).toContain('Removed');
});
