import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIdSource, newId, silentLogger, systemClock } from '../../src/base/index.ts';
import type { Principal } from '../../src/access/index.ts';
import { migrate, openDatabase, startEmbeddedPostgres, type Database } from '../../src/db/index.ts';
import { createLedger, type Admission, type CallEnd, type Ledger } from '../../src/ledger/index.ts';

/** A gateway's ledger, with its own poster process, over Postgres as it is shipped (fsync on), and somebody who calls. */
export interface BenchHouse {
  readonly database: Database;
  readonly ledger: Ledger;
  readonly owner: Principal;
  readonly projects: readonly string[];
  readonly keys: readonly string[];
  readonly models: readonly string[];
  readonly postgresPid: number;
  close(): Promise<void>;
}

const PROJECTS = 4;
const KEYS = 20;
const MODELS = ['acme/large', 'acme/small', 'acme/embed'];
const per = '1000000';

export async function openBenchHouse(): Promise<BenchHouse> {
  const home = mkdtempSync(join(tmpdir(), 'tandem-bench-usage-'));
  const postgres = await startEmbeddedPostgres({ home, log: silentLogger, clock: systemClock, watch: false });
  await migrate(postgres.connection, silentLogger);
  const database = await openDatabase({ connection: postgres.connection, log: silentLogger, clock: systemClock });
  const organisationId = newId();
  const projects = Array.from({ length: PROJECTS }, () => newId());
  const keys = Array.from({ length: KEYS }, () => newId());
  await database.unscoped('a benchmark sets the scene').insertInto('organisations')
    .values({ id: organisationId, name: 'Acme', slug: 'acme', currency: 'USD', billing: 'postpaid', created_at: new Date() }).execute();
  const ledger = createLedger({
    database, clock: systemClock, log: silentLogger, home, strict: false, audit: { record: async () => {} }, operator: () => organisationId, logLevel: process.env['BENCH_LOG'] ?? 'error',
    names: {
      organisation: () => ({ name: 'Acme', currency: 'USD', billing: 'postpaid' }), projectName: (id) => `project ${id.slice(-4)}`, keyName: (id) => `key ${id.slice(-4)}`,
      project: () => ({ organisationId, tier: 'standard' }), principalOfKey: () => ({ organisationId }),
    },
  });
  await ledger.start();
  const owner: Principal = {
    organisationId, projectId: null, keyId: null, role: 'owner', currency: 'USD', actor: { kind: 'member', id: null, label: 'bench@example.org' },
    allowedModels: null, tier: 'standard', sessionId: null, expiresAtMs: null,
  };
  for (const [at, resource] of MODELS.entries()) {
    await ledger.prices.create(owner, { resource, tier: 'standard', side: 'sell', source: 'benchmark', buckets: { input: { price: `${at + 1}250000000000`, per }, cache_read: { price: '150000000000', per }, output: { price: `${at + 1}0000000000000`, per } } });
  }
  // Three budgets over every call, as a house that is careful has them.
  await ledger.budgets.create(owner, { scope: { kind: 'organisation', id: organisationId }, amount: String(10n ** 24n), period: 'month' });
  return {
    database, ledger, owner, projects, keys, models: MODELS, postgresPid: postgres.pid,
    async close() {
      await ledger.stop();
      await database.close();
      await postgres.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

const callId = createIdSource(Date.now);

/** The n-th call: of one of the keys, for one of the models. */
export function admissionOf(house: BenchHouse, n: number): Admission {
  const { owner, projects, keys, models } = house;
  return {
    id: callId(), organisationId: owner.organisationId, projectId: projects[n % projects.length]!, keyId: keys[n % keys.length]!, resource: models[n % 7 === 0 ? 1 : n % 11 === 0 ? 2 : 0]!,
    tier: 'standard', admittedAtMs: Date.now(), worst: { input: 2_000n, output: 1_000n }, capBucket: 'output',
  };
}

/** How it ends: a streamed answer of one attempt, some tokens of the prompt cached. */
export function endOf(n: number): CallEnd {
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
