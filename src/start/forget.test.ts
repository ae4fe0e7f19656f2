import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { newId, silentLogger, systemClock } from '../base/index.ts';
import { openDatabase } from '../db/index.ts';
import { createTestDatabase } from '../db/testing.ts';
import { lostEpochs } from '../ledger/index.ts';
import { lostGateways } from './lost-gateways.ts';
import { runVerb } from './verbs.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

it('a lost gateway is named with the step that gives it up, and that step works', async () => {
  const made = await createTestDatabase();
  const database = await openDatabase({ connection: made.connection, log: silentLogger, clock: systemClock });
  const id = newId();
  const lastSeen = new Date(Date.now() - 3_600_000);
  await database.unscoped('a test').insertInto('epochs').values({
    id, kind: 'log', host: 'gateway-2', home: newId(), folder: '/srv/tandem/ledger/x', pid: 1, started_at: lastSeen, heartbeat_at: lastSeen, chain: Buffer.alloc(32),
  }).execute();
  const found = lostGateways(await lostEpochs(database, Date.now()));
  expect(found?.detail).toBe(`${id} on gateway-2, last seen ${lastSeen.toISOString()}, left a log in /srv/tandem/ledger/x: months cannot be closed`);
  const [verb = '', ...args] = found!.next.split('npm start -- ')[1]!.split(' ');

  const { host = '', user = '', password = '', database: name = '', port = 5432 } = made.connection;
  vi.stubEnv('DATABASE_URL', `postgres://${user}:${encodeURIComponent(String(password))}@/${name}?host=${encodeURIComponent(host)}&port=${port}`);
  vi.stubEnv('TANDEM_HOME', mkdtempSync(join(tmpdir(), 'tandem-forget-')));
  vi.stubEnv('TANDEM_LOG', 'silent');
  const said: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said.push(String(text));
    return true;
  });
  await runVerb(verb, args);
  expect(said.join('')).toContain(`Forgot the gateway ${id}.`);
  expect(lostGateways(await lostEpochs(database, Date.now()))).toBeNull();
  await expect(runVerb(verb, args)).rejects.toMatchObject({ code: 'resource_not_found' });
  await expect(runVerb(verb, ['all'])).rejects.toMatchObject({ code: 'words_invalid', message: expect.stringContaining('all is not the id of a gateway') });
  await database.close();
  await made.drop();
});

it('what a lost gateway keeps is said', () => {
  const one = { id: 'e', host: 'h', folder: '/f', lastSeenAt: '2026-01-01T00:00:00.000Z', openCalls: 3, slices: 2 };
  expect(lostGateways([one, one, one])?.detail).toContain('slices of 2 budgets count as spent, 3 calls are open, months cannot be closed, and 2 more like it');
  expect(lostGateways([])).toBeNull();
});
