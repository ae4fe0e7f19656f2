import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createIdSource, newId, silentLogger, systemClock } from '../../src/base/index.ts';
import type { Principal } from '../../src/access/index.ts';
import { migrate, openDatabase, startEmbeddedPostgres, type Database } from '../../src/db/index.ts';
import { createBooks, type Books } from '../../src/ledger/books.ts';
import { lockEpoch } from '../../src/ledger/epochs/epoch-lock.ts';
import { DIRECT_EPOCH, openEpoch } from '../../src/ledger/epochs/epochs.ts';
import { postedThrough } from '../../src/ledger/epochs/operator.ts';
import type { CallEnd } from '../../src/ledger/events/call.ts';
import { admissionPayload, contextJson, finalPayload } from '../../src/ledger/events/records.ts';
import { RECORD } from '../../src/ledger/log/record.ts';
import { LogWriter } from '../../src/ledger/log/writer.ts';
import { Poster } from '../../src/ledger/poster/supervisor.ts';
import { createPriceBook } from '../../src/ledger/prices/book.ts';
import { rate } from '../../src/ledger/rating/rate.ts';
import { scratchFolder } from '../support/scratch.ts';

/** A log as a gateway writes it, with its own poster process, over Postgres as it is shipped (fsync on), and the books. */
export interface BenchHouse {
  readonly database: Database;
  readonly books: Books;
  readonly writer: LogWriter;
  readonly poster: Poster;
  readonly owner: Principal;
  readonly postgresPid: number;
  /** Appends the two records of one call that was held and settled. */
  call(): void;
  close(): Promise<void>;
}

const PROJECTS = 4;
const KEYS = 20;
const MODELS = ['acme/large', 'acme/small', 'acme/embed'];
const HOLD = 10n ** 11n;
const LEASED = 10n ** 24n;
const per = '1000000';

export async function openBenchHouse(): Promise<BenchHouse> {
  const home = scratchFolder('bench-usage');
  const postgres = await startEmbeddedPostgres({ home, log: silentLogger, clock: systemClock, watch: false });
  await migrate(postgres.connection, silentLogger);
  const database = await openDatabase({ connection: postgres.connection, log: silentLogger, clock: systemClock });
  const [organisationId, epochId, homeId, budgetId] = [newId(), newId(), newId(), newId()];
  const names = { organisation: () => ({ name: 'Acme', currency: 'USD', billing: 'postpaid' as const }), projectName: (id: string) => `project ${id.slice(-4)}`, keyName: (id: string) => `key ${id.slice(-4)}` };
  const now = new Date();
  await database.unscoped('a benchmark sets the scene').insertInto('organisations').values({ id: organisationId, name: 'Acme', slug: 'acme', currency: 'USD', billing: 'postpaid', created_at: now }).execute();

  const ledgerFolder = join(home, 'ledger');
  const folder = join(ledgerFolder, epochId);
  mkdirSync(folder, { recursive: true });
  const lock = lockEpoch(folder);
  const common = { host: hostname(), home: homeId, pid: process.pid, atMs: Date.now() };
  await openEpoch(database, { ...common, id: DIRECT_EPOCH, kind: 'direct', folder: '' });
  await openEpoch(database, { ...common, id: epochId, kind: 'log', folder });
  const book = createPriceBook({ database, operator: () => organisationId, currencyOf: () => 'USD' });
  await book.start();
  const books = createBooks({
    database, clock: systemClock, log: silentLogger, newId, audit: { record: async () => {} }, names, book, operator: () => organisationId, moneyPath: { postedThrough, setPrepaid: async () => {} },
  });
  const owner: Principal = {
    organisationId, projectId: null, keyId: null, role: 'owner', currency: 'USD', actor: { kind: 'member', id: null, label: 'bench@example.org' },
    allowedModels: null, tier: 'standard', ofOperator: true, sessionId: null, expiresAtMs: null,
  };
  for (const [at, resource] of MODELS.entries()) {
    await books.prices.create(owner, { resource, tier: 'standard', side: 'sell', source: 'benchmark', buckets: { input: { price: `${at + 1}250000000000`, per }, cache_read: { price: '150000000000', per }, output: { price: `${at + 1}0000000000000`, per } } });
  }
  // One budget over every call, of which this process holds a slice that lasts.
  const windowStartMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1);
  const window = new Date(windowStartMs);
  const executor = database.unscoped('a benchmark sets the scene');
  await executor.insertInto('budgets').values({ organisation_id: organisationId, id: budgetId, kind: 'budget', scope_kind: 'organisation', scope_id: organisationId, amount: LEASED, currency: 'USD', period: 'month', created_at: now, first_window: window }).execute();
  await executor.insertInto('budget_windows').values({ organisation_id: organisationId, budget_id: budgetId, window_start: window, amount: LEASED, spent: 0n, leased: LEASED }).execute();
  await executor.insertInto('slices').values({ organisation_id: organisationId, budget_id: budgetId, window_start: window, epoch_id: epochId, amount: LEASED }).execute();

  const writer: LogWriter = new LogWriter({ folder, clock: systemClock, log: silentLogger, strict: false, onWritten: () => poster.written() });
  const poster = new Poster({
    connection: database.connection, ledgerFolder, home: homeId, epochId, operator: () => organisationId, clock: systemClock, log: silentLogger, logLevel: 'error',
    position: () => writer.position(), onPosted: (position, record) => writer.posted(position, record),
  });
  await poster.start();

  const projects = Array.from({ length: PROJECTS }, () => newId());
  const contexts = Array.from({ length: KEYS }, () => newId()).flatMap((keyId, at) => MODELS.map((resource) => {
    const price = book.priceOn(organisationId, resource, 'standard', 'default', Date.now())!;
    return { price, json: contextJson({ organisationId, projectId: projects[at % PROJECTS]!, keyId, resource, tier: 'standard', serviceTier: 'default', priceId: price.id, currency: 'USD', windows: [{ budgetId, windowStartMs, counted: '' }] }) };
  }));
  let made = 0;
  return {
    database, books, writer, poster, owner, postgresPid: postgres.pid,
    call() {
      made += 1;
      const { price, json } = contexts[made % contexts.length]!;
      const id = callId();
      const end = endOf(made);
      void writer.append(RECORD.admission, admissionPayload(id, Date.now(), HOLD, json));
      void writer.append(RECORD.final, finalPayload(id, made, end, rate(end.quantities, price).charge, false, HOLD));
    },
    async close() {
      await writer.close();
      await poster.finish(10_000);
      await book.stop();
      lock?.release();
      await database.close();
      await postgres.stop();
    },
  };
}

const callId = createIdSource(Date.now);

/** How it ends: a streamed answer of one attempt, some tokens of the prompt cached. */
function endOf(n: number): CallEnd {
  const quantities = { input: BigInt(200 + (n % 997)), cache_read: BigInt(n % 3 === 0 ? 512 : 0), output: BigInt(20 + (n % 389)) };
  return {
    outcome: 'completed', quantities, counted: 'backend', finishReason: 'stop', streamed: true, dialect: 'chat', route: { target: 'gpu-1', code: 'weight' },
    timings: { queueMs: 0, connectMs: 0.4, firstTokenMs: 80 + (n % 50), totalMs: 900 + (n % 500) },
    attempts: [{
      backendId: '01900000-0000-7000-8000-0000000000aa', backend: 'gpu-1', backendModel: 'llama-70b', outcome: 'completed', quantities, cost: 1_000_000n + BigInt(n % 1_000), costPriceId: null,
      httpStatus: 200, startedMs: 0, connectMs: 0.4, firstTokenMs: 80 + (n % 50), ms: 900 + (n % 500),
    }],
  };
}
