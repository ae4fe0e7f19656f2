import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIdSource, newId, silentLogger, systemClock } from '../../base/index.ts';
import type { Principal } from '../../access/index.ts';
import { openDatabase, type Connection, type Database } from '../../db/index.ts';
import { createTestDatabase } from '../../db/testing.ts';
import type { PathNames } from '../holders/names.ts';
import type { Admission, CallEnd } from '../events/call.ts';
import type { LogFiles } from '../log/files.ts';
import type { LogLimits } from '../log/writer.ts';
import { writeBooks } from '../journal/journal.ts';
import { Ledger } from '../ledger.ts';
import type { Fallback } from './gateway-process.ts';

/** A real database with one organisation, one project and prices, and homes for ledgers: where the money path's tests live. */
export interface PathHouse {
  readonly connection: Connection;
  readonly database: Database;
  readonly organisationId: string;
  readonly projectId: string;
  readonly names: PathNames;
  newHome(): string;
  /** A ledger of its own process' kind: own epoch, own connection pool. Stopped by `close`. */
  ledger(options?: { home?: string; strict?: boolean; limits?: Partial<LogLimits>; files?: LogFiles; database?: Database }): Promise<Ledger>;
  openDatabase(): Promise<Database>;
  /** Another model's price, picodollars for one token. Before the ledgers that are to know it open. */
  addPrice(resource: string, input: bigint, output: bigint): Promise<void>;
  addBudget(amount: bigint, scope?: { kind: 'organisation' | 'project' | 'key'; id: string }): Promise<string>;
  close(): Promise<void>;
}

/** One dollar per million input tokens, two per million output tokens. */
export const MODEL = 'test/model';
const BUCKETS = { input: { price: '1000000', per: '1' }, output: { price: '2000000', per: '1' } };

export function namesOf(organisationId: string, projectId: string): PathNames {
  return {
    organisation: (id) => (id === organisationId ? { name: 'Acme', currency: 'USD', billing: 'postpaid' } : undefined),
    projectName: (id) => (id === projectId ? 'default' : null),
    keyName: (id) => `key-${id.slice(-4)}`,
    project: (id) => (id === projectId ? { organisationId, tier: 'standard' } : undefined),
    principalOfKey: () => ({ organisationId }),
  };
}

export async function openPathHouse(): Promise<PathHouse> {
  const made = await createTestDatabase();
  const database = await openDatabase({ connection: made.connection, log: silentLogger, clock: systemClock });
  const organisationId = newId();
  const projectId = newId();
  const names = namesOf(organisationId, projectId);
  const now = new Date();
  const executor = database.unscoped('a test sets the scene');
  await executor.insertInto('organisations').values({ id: organisationId, name: 'Acme', slug: 'acme', currency: 'USD', billing: 'postpaid', created_at: now }).execute();
  await database.transaction((tx) => writeBooks(database, tx, organisationId, [{
    kind: 'price',
    row: {
      id: newId(), organisation_id: organisationId, resource: MODEL, tier: 'standard', side: 'sell', backend_id: null, currency: 'USD', buckets: BUCKETS,
      effective_from: new Date(Date.UTC(2026, 0, 1)), source: 'test', created_at: now, created_by: 'test',
    },
  }]));
  const ledgers: Ledger[] = [];
  const databases: Database[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'tandem-path-'));
  let homes = 0;
  const newHome = () => {
    homes += 1;
    return join(folder, `home-${homes}`);
  };
  const openOne = async () => {
    const one = await openDatabase({ connection: made.connection, log: silentLogger, clock: systemClock });
    databases.push(one);
    return one;
  };

  return {
    connection: made.connection, database, organisationId, projectId, names, newHome, openDatabase: openOne,
    async ledger(options = {}) {
      const ledger = new Ledger({
        database: options.database ?? (await openOne()), clock: systemClock, log: silentLogger, home: options.home ?? newHome(), strict: options.strict ?? false,
        audit: { record: async () => {} }, names, operator: () => organisationId, logLevel: process.env['TANDEM_TEST_LOG'] ?? 'silent',
        ...(options.limits ? { limits: options.limits } : {}), ...(options.files ? { files: options.files } : {}),
      });
      await ledger.start();
      ledgers.push(ledger);
      return ledger;
    },
    async addPrice(resource, input, output) {
      await database.transaction((tx) => writeBooks(database, tx, organisationId, [{
        kind: 'price',
        row: {
          id: newId(), organisation_id: organisationId, resource, tier: 'standard', side: 'sell', backend_id: null, currency: 'USD',
          buckets: { input: { price: String(input), per: '1' }, output: { price: String(output), per: '1' } }, effective_from: new Date(Date.UTC(2026, 0, 1)), source: 'test', created_at: now, created_by: 'test',
        },
      }]));
    },
    async addBudget(amount, scope = { kind: 'organisation', id: organisationId }) {
      const id = newId();
      await database.transaction(async (tx) => {
        const own = database.scoped(organisationId, tx);
        await own.insertInto('budgets', { id, kind: 'budget', scope_kind: scope.kind, scope_id: scope.id, amount, currency: 'USD', period: 'month', created_at: now, first_window: new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1)) }).execute();
        await database.notify(tx, 'budgets', id);
      });
      return id;
    },
    async close() {
      await Promise.all(ledgers.map((ledger) => ledger.stop(200)));
      await Promise.all(databases.map((one) => one.close()));
      await database.close();
      await made.drop();
    },
  };
}

/** Gives a budget another amount, as a change by the API does. */
export async function setBudget(database: Database, budgetId: string, amount: bigint): Promise<void> {
  const executor = database.unscoped('a test changes a budget');
  await executor.updateTable('budgets').set({ amount }).where('id', '=', budgetId).execute();
  await executor.updateTable('budget_windows').set({ amount }).where('budget_id', '=', budgetId).execute();
  await database.notify(executor, 'budgets', budgetId);
}

const callId = createIdSource(Date.now);

export function admissionOf(house: Pick<PathHouse, 'organisationId' | 'projectId'>, input: bigint, output: bigint, keyId: string | null = null): Admission {
  return {
    id: callId(), organisationId: house.organisationId, projectId: house.projectId, keyId, resource: MODEL, tier: 'standard', admittedAtMs: Date.now(),
    worst: { input, output }, capBucket: 'output',
  };
}

export function endOf(input: bigint, output: bigint, outcome: CallEnd['outcome'] = 'completed'): CallEnd {
  return {
    outcome, quantities: { input, output }, counted: 'backend', finishReason: 'stop', streamed: false,
    timings: { queueMs: 0, connectMs: 1.25, firstTokenMs: 10, totalMs: 20 },
    attempts: [{ backendId: 'local', backendModel: 'm', outcome, quantities: { input, output }, cost: 5n, costPriceId: null, httpStatus: 200, ms: 20 }],
  };
}

/** The end of a call that was tried on several backends. @param output tokens of the one that answered. */
export function endAfter({ failed, answered }: Fallback, output: bigint): CallEnd {
  const last = answered === null ? endOf(0n, 0n, 'failed') : endOf(BigInt(answered), output);
  const tried = failed.map(({ input, output: spent, known }, index): CallEnd['attempts'][number] => ({
    backendId: `gpu-${index}`, backendModel: 'm', outcome: 'failed', quantities: known ? { input: BigInt(input), output: BigInt(spent) } : {}, cost: known ? BigInt(input + spent) * 7n : null, costPriceId: null,
    httpStatus: known ? 200 : 503, ms: 3,
  }));
  return { ...last, attempts: [...tried, ...last.attempts], route: { target: 'gpu', code: tried.length === 0 ? 'order' : 'next' } };
}

/** An owner of the house's organisation. */
export function ownerOf(house: Pick<PathHouse, 'organisationId'>): Principal {
  return {
    organisationId: house.organisationId, projectId: null, keyId: null, role: 'owner', currency: 'USD', actor: { kind: 'member', id: null, label: 'ada@example.org' },
    allowedModels: null, tier: 'standard', ofOperator: true, sessionId: null, expiresAtMs: null,
  };
}

/** Everything that a bill rests on, for comparing. */
export async function booksOf(database: Database): Promise<{ events: { id: string; charge: string; outcome: string }[]; rolled: bigint; holds: number; windows: { spent: bigint; leased: bigint; amount: bigint }[]; slices: bigint }> {
  const executor = database.unscoped('a test looks at everything');
  const events = await executor.selectFrom('usage_events').select(['id', 'charge', 'outcome']).orderBy('id').execute();
  const rollups = await executor.selectFrom('usage_rollups').select('charge').where('bucket', '=', 'total').execute();
  const holds = await executor.selectFrom('holds').select('id').execute();
  const windows = await executor.selectFrom('budget_windows').select(['spent', 'leased', 'amount']).execute();
  const slices = await executor.selectFrom('slices').select('amount').execute();
  return {
    events, rolled: rollups.reduce((sum, row) => sum + BigInt(row.charge), 0n), holds: holds.length,
    windows: windows.map((row) => ({ spent: BigInt(row.spent), leased: BigInt(row.leased), amount: BigInt(row.amount) })),
    slices: slices.reduce((sum, row) => sum + BigInt(row.amount), 0n),
  };
}
