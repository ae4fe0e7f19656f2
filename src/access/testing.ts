import { silentLogger, systemClock, type Clock } from '../base/index.ts';
import { openDatabase, type Database } from '../db/index.ts';
import { createTestDatabase, type TestDatabase } from '../db/testing.ts';
import { createAccess, type Access } from './access.ts';
import type { Principal } from './principal.ts';
import type { Role } from './role.ts';

/** A started access room on a database of its own, with the first organisation in it. */
export interface TestAccess {
  readonly access: Access;
  readonly database: Database;
  readonly organisationId: string;
  readonly projectId: string;
  readonly adminKey: string;
  /** The admin key's principal: owner of the whole organisation. */
  readonly admin: Principal;
  /** Another process on the same database, as far as access can tell. */
  second(clock?: Clock): Promise<{ access: Access; database: Database }>;
  close(): Promise<void>;
}

export async function openTestAccess(options: { clock?: Clock; file?: Record<string, unknown> } = {}): Promise<TestAccess> {
  const clock = options.clock ?? systemClock;
  const test = await createTestDatabase();
  const opened: { access: Access; database: Database }[] = [];
  const open = async (own: Clock): Promise<{ access: Access; database: Database }> => {
    const made = await openOne(test, own, options.file ?? {});
    opened.push(made);
    return made;
  };
  const { access, database } = await open(clock);
  const { organisationId, projectId, adminKey } = await access.bootstrap();
  if (adminKey === null) throw new Error('a fresh database already had an organisation');
  await access.start();
  return {
    access, database, organisationId, projectId, adminKey, admin: access.directory.verify(adminKey),
    async second(own = clock) {
      const other = await open(own);
      await other.access.start();
      return other;
    },
    async close() {
      for (const one of opened) {
        await one.access.stop();
        await one.database.close();
      }
      await test.drop();
    },
  };
}

async function openOne(test: TestDatabase, clock: Clock, file: Record<string, unknown>): Promise<{ access: Access; database: Database }> {
  const database = await openDatabase({ connection: test.connection, log: silentLogger, clock: systemClock, poolSize: 5 });
  // Contact with the database is measured in real time: a test that moves its clock by hours has not lost it.
  const half: Clock = { nowMs: () => clock.nowMs(), monotonicMs: () => systemClock.monotonicMs(), sleep: (delayMs, signal) => clock.sleep(delayMs, signal) };
  return { database, access: createAccess({ database, clock: half, log: silentLogger, config: { file } }) };
}

/** Resolves when the condition holds in a directory, looking whenever it has changed. Gives the milliseconds that it took. */
export async function untilDirectory(access: Access, holds: () => boolean): Promise<number> {
  const startMs = performance.now();
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (!holds()) return;
      forget();
      resolve();
    };
    const forget = access.directory.onChange(look);
    look();
  });
  return performance.now() - startMs;
}

/** Signs a new member in by invitation. */
export async function memberOf(test: Pick<TestAccess, 'access'>, by: Principal, email: string, role: Role): Promise<Principal> {
  const { token } = await test.access.invitations.create(by, { email, role });
  return (await test.access.invitations.accept({ token, name: email })).principal;
}

/** True when the key works. */
export function works(access: Access, secret: string): boolean {
  try {
    access.directory.verify(secret);
    return true;
  } catch {
    return false;
  }
}
