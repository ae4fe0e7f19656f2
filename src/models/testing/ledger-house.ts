import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '../../base/index.ts';
import { createAccess, type Access, type Principal } from '../../access/index.ts';
import { openDatabase, type Connection, type Database } from '../../db/index.ts';
import { createTestDatabase } from '../../db/testing.ts';
import { createLedger, type Ledger } from '../../ledger/index.ts';

/** What the room stands on, all of it real: a database, access, and a ledger on a home of its own. Models are the test's to open. */
export interface LedgerHouse {
  /** A folder of the test's. */
  readonly home: string;
  readonly connection: Connection;
  readonly database: Database;
  readonly access: Access;
  readonly ledger: Ledger;
  readonly organisationId: string;
  readonly adminKey: string;
  readonly admin: Principal;
  close(): Promise<void>;
}

export async function openLedgerHouse(): Promise<LedgerHouse> {
  const home = mkdtempSync(join(tmpdir(), 'models-ledger-'));
  const test = await createTestDatabase();
  const { connection } = test;
  const common = { log: silentLogger, clock: systemClock };
  const database = await openDatabase({ ...common, connection });
  const access = createAccess({ ...common, database, config: { file: {} } });
  const { organisationId, adminKey } = await access.bootstrap();
  await access.start();
  const ledger = createLedger({ ...common, database, home: join(home, 'own'), strict: false, audit: access.audit, names: access.directory, operator: () => organisationId, logLevel: 'silent' });
  await ledger.start();
  return {
    home, connection, database, access, ledger, organisationId, adminKey: adminKey!, admin: access.directory.verify(adminKey!),
    async close() {
      await ledger.stop();
      await access.stop();
      await database.close();
      await test.drop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
