import { mkdtempSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { run, stubServer } from '../testing/terminal.ts';

const ID = '0192f0c1-0000-7000-8000-000000000001';
const project = { id: ID, name: 'Support\u001b[2J', slug: 'support', tier: 'contributor', store: true, paysAttempts: null, createdAt: '2026-11-23T07:00:00.000Z', archivedAt: null };
const consent = { state: 'given', textVersion: '2026-11-1', givenBy: 'Ada', givenAt: '2026-11-23T08:00:00.000Z', withdrawnBy: null, withdrawnAt: null, current: { version: '2026-11-1', text: 'It is used. It ends.' } };
const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

test('show says how much is kept, and how much was not and why', async () => {
  const { server, url } = await stubServer({
    'GET /api/projects': { json: { items: [project], nextCursor: null } }, [`GET /api/projects/${ID}/consent`]: { json: consent },
    [`GET /api/projects/${ID}/contributions`]: { json: { kept: 12, notKept: { tooMany: '3', tooLarge: '0', failed: '1234' }, lastNotKeptAt: null } },
  });
  open.push(server);
  const env = { TANDEM_URL: url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: mkdtempSync(join(tmpdir(), 'tandem-cli-')) };
  const { out } = await run(['projects', 'consent', 'show', 'support'], env);
  expect(out).toContain('12 calls are kept now. Not kept: 3 because too many waited to be written, 1,234 because the database refused.\n');
});

test('alone it lists which projects contribute, and asks for consents only where there are any', async () => {
  const { server, url, seen } = await stubServer({
    'GET /api/projects': { json: { items: [project, { ...project, id: ID.replace('1', '2'), name: 'Web', slug: 'web', tier: 'standard' }], nextCursor: null } },
    [`GET /api/projects/${ID}/consent`]: { json: consent },
  });
  open.push(server);
  const env = { TANDEM_URL: url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: mkdtempSync(join(tmpdir(), 'tandem-cli-')) };
  const { out, code } = await run(['projects', 'consent'], env);
  expect(code).toBe(0);
  expect(out.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
    ['PROJECT', 'CONTRIBUTES', 'TEXT', 'AGREED BY', 'AGREED'], ['Support [2J', 'yes', '2026-11-1', 'Ada', '2026-11-23 08:00 UTC'], ['Web', 'no', '-', '-', '-'], [''],
  ]);
  expect(seen.filter(({ path }) => path.endsWith('/consent'))).toHaveLength(1);
  expect(JSON.parse((await run(['projects', 'consent', '--json'], env)).out)).toMatchObject([{ name: 'Support\u001b[2J', consent: { state: 'given' } }, { name: 'Web', consent: null }]);
});
