import { X509Certificate, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { ManualClock, newId, openSecretBox, silentLogger, systemClock } from '../../base/index.ts';
import { openDatabase, type Database } from '../../db/index.ts';
import { createTestDatabase } from '../../db/testing.ts';
import { Authorities } from './authorities.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const one of cleanups.splice(0).toReversed()) await one();
});

async function world(): Promise<{ database: Database; make: (secretFile?: string) => Authorities }> {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-ca-'));
  const test = await createTestDatabase();
  const database = await openDatabase({ connection: test.connection, log: silentLogger, clock: systemClock, poolSize: 4 });
  cleanups.push(() => rmSync(folder, { recursive: true }), () => test.drop(), () => database.close());
  return { database, make: (secretFile = 'secret') => new Authorities({ database, secrets: openSecretBox(join(folder, secretFile)), clock: new ManualClock(), newId }) };
}
const key = (): Buffer => generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' });
const signedBy = (certificate: string, root: string): boolean => new X509Certificate(certificate).verify(new X509Certificate(root).publicKey);

it('several processes that start at once have the same keys, and the pin stays', async () => {
  const { make, database } = await world();
  const [one, other] = [make(), make()];
  await Promise.all([one.start(), other.start()]);
  expect(one.server([]).pin).toBe(other.server(['192.0.2.1']).pin);
  expect(one.roots()).toEqual(other.roots());
  const rows = await database.unscoped('a test').selectFrom('authorities').selectAll().execute();
  expect(rows.map(({ purpose }) => purpose).toSorted()).toEqual(['agent-ca', 'agent-server']);
  for (const row of rows) expect(row.private_key.includes(Buffer.from('308187', 'hex'))).toBe(false);
  await expect(make('another-secret').start()).rejects.toMatchObject({ code: 'secret_unreadable' });
});

it('a new root signs while the old one is still believed, until that is retired', async () => {
  const { make } = await world();
  const authorities = make();
  await authorities.start();
  const [old] = authorities.roots();
  const before = await authorities.forNode('0192f0c1-7a00-7000-8000-000000000001', key());
  await authorities.addRoot();
  const [newest, second] = authorities.roots();
  expect(second).toBe(old);
  const after = await authorities.forNode('0192f0c1-7a00-7000-8000-000000000001', key());
  expect([signedBy(before.certificate, old!), signedBy(after.certificate, newest!), signedBy(after.certificate, old!)]).toEqual([true, true, false]);
  // A machine that was away knows the old one alone, and is to believe the server.
  expect(signedBy(authorities.server([]).certificate, old!)).toBe(true);
  const other = make();
  await other.start();
  await authorities.retireOldRoots();
  expect(authorities.roots()).toEqual([newest]);
  expect(signedBy(authorities.server([]).certificate, newest!)).toBe(true);
  expect(other.roots()).toHaveLength(2);
  await other.reload();
  expect(other.roots()).toEqual([newest]);
});
