import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ManualClock, newId, openSecretBox, silentLogger, systemClock, verifyJws } from '../../base/index.ts';
import { openDatabase } from '../../db/index.ts';
import { createTestDatabase } from '../../db/testing.ts';
import { WipeKeys } from './wipe-keys.ts';

const DAY = 86_400_000;

it('one key signs for a year, then another; what any of them signed stays good, and private ones lie sealed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-wipe-keys-'));
  const test = await createTestDatabase();
  const database = await openDatabase({ connection: test.connection, log: silentLogger, clock: systemClock, poolSize: 4 });
  try {
    const clock = new ManualClock();
    const make = (secretFile = 'secret') => new WipeKeys({ database, secrets: openSecretBox(join(folder, secretFile)), clock, newId });
    const [one, other] = [make(), make()];
    const first = await Promise.all([one.sign({ at: 1 }, 'x'), other.sign({ at: 2 }, 'x')]);
    expect(first[0].keyId).toBe(first[1].keyId);
    clock.advance(364 * DAY);
    expect((await one.sign({}, 'x')).keyId).toBe(first[0].keyId);
    clock.advance(2 * DAY);
    const later = await one.sign({ at: 3 }, 'x');
    expect(later.keyId).not.toBe(first[0].keyId);
    await one.rotate();
    const last = await other.sign({ at: 4 }, 'x');
    const keys = await other.keys();
    expect(keys.map(({ kid, retiredAt }) => [kid, retiredAt === null])).toEqual([[last.keyId, true], [later.keyId, false], [first[0].keyId, false]]);
    for (const [at, { certificate }] of [first[0], first[1], later, last].entries()) expect(verifyJws(certificate, 'x', keys)?.claims).toEqual({ at: at + 1 });
    const rows = await database.unscoped('a test').selectFrom('authorities').selectAll().where('purpose', '=', 'wipe').execute();
    // The beginning of every unsealed Ed25519 key (RFC 8410).
    for (const row of rows) expect(row.private_key.includes(Buffer.from('302e020100300506032b6570', 'hex'))).toBe(false);
    await expect(make('another-secret').sign({}, 'x')).rejects.toMatchObject({ code: 'secret_unreadable' });
  } finally {
    await database.close();
    await test.drop();
    rmSync(folder, { recursive: true });
  }
});
