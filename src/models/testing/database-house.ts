import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock, type Clock } from '../../base/index.ts';
import { createAccess, type Access, type Principal } from '../../access/index.ts';
import { openDatabase, type Database } from '../../db/index.ts';
import { createTestDatabase } from '../../db/testing.ts';
import type { LocalEngine } from '../local/index.ts';
import { createModels, type Models } from '../models.ts';
import { FakeLedger } from './fake-ledger.ts';

/** The room on a real database with the real access room, and a fake ledger. */
export interface DatabaseHouse {
  readonly models: Models;
  readonly access: Access;
  readonly database: Database;
  readonly ledger: FakeLedger;
  readonly admin: Principal;
  /** Another process on the same database and secret file. */
  second(): Promise<Models>;
  close(): Promise<void>;
}

export async function openDatabaseHouse(options: { file?: Record<string, unknown>; engine?: LocalEngine; clock?: Clock; env?: Record<string, string> } = {}): Promise<DatabaseHouse> {
  const home = mkdtempSync(join(tmpdir(), 'models-'));
  const clock = options.clock ?? systemClock;
  const file = { egress: { allow: ['127.0.0.0/8'] }, ...options.file };
  const test = await createTestDatabase();
  const database = await openDatabase({ connection: test.connection, log: silentLogger, clock: systemClock, poolSize: 5 });
  const access = createAccess({ database, clock: systemClock, log: silentLogger, config: { file: {} } });
  const { organisationId, adminKey } = await access.bootstrap();
  await access.start();
  const ledger = new FakeLedger();
  const opened: { models: Models; database: Database }[] = [];
  const open = async (own: Database): Promise<Models> => {
    const models = createModels({
      access, ledger, database: own, log: silentLogger, clock, engine: options.engine ?? null, operator: () => organisationId, env: options.env ?? {},
      config: { file, configFile: join(home, 'config.json'), secretFile: join(home, 'secret'), localModel: 'default' },
    });
    await models.start();
    opened.push({ models, database: own });
    return models;
  };
  const models = await open(database);
  return {
    models, access, database, ledger, admin: access.directory.verify(adminKey!),
    second: async () => open(await openDatabase({ connection: test.connection, log: silentLogger, clock: systemClock, poolSize: 3 })),
    async close() {
      for (const one of opened) await one.models.stop();
      await access.stop();
      for (const one of opened) await one.database.close();
      await test.drop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
