import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestBooks, type TestBooks } from '../testing/books.ts';
import { readHash } from '../rating/event-hash.ts';
import { verifyScope } from './verify.ts';
import { hashedEvent, type StoredEvent } from './stored-event.ts';

let house: TestBooks;
const JUNE = Date.UTC(2026, 5, 1);

/** Two months of two organisations: a closed one with credits, an adjustment and late usage, and an open one with a budget. */
beforeAll(async () => {
  house = await openTestBooks(Date.UTC(2026, 4, 28));
  const principal = house.principal();
  const keyId = house.newId();
  await house.books.credits.create(principal, { id: house.newId(), kind: 'prepaid', amount: '20000', reason: 'paid', expiresAt: null });
  await house.books.credits.create(principal, { id: house.newId(), kind: 'grant', amount: '500000', reason: 'hello', expiresAt: new Date(JUNE + 3_600_000).toISOString() });
  for (const day of [0, 1, 2]) {
    await house.poster.use(...[1n, 2n, 3n].map((n) => ({ quantities: { input: n * 7n, output: n }, keyId: n === 2n ? null : keyId, atMs: Date.UTC(2026, 4, 28 + day) + Number(n), cost: n === 3n ? null : n })));
  }
  house.clock.advance(JUNE + 2 * 3_600_000 - house.clock.nowMs());
  const invoice = await house.books.invoices.close(principal, { month: '2026-05' });
  await house.books.invoices.adjust(principal, invoice.id, { amount: '-1500', reason: 'an outage' });
  await house.poster.use({ quantities: { input: 9n }, atMs: JUNE - 5 });
  await house.books.credits.expireDue();
  const tenant = await house.addOrganisation();
  await house.poster.use({ quantities: { output: 4n }, organisationId: tenant }, { quantities: { input: 4n, output: 3n }, keyId, outcome: 'failed' });
  const budgetId = house.newId();
  await house.database.pool.query(`insert into budgets (organisation_id, id, kind, scope_kind, scope_id, amount, currency, period, created_at, first_window)
    values ($1, $2, 'budget', 'organisation', $1, 1000000, 'USD', 'month', $3, $3)`, [house.organisationId, budgetId, new Date(JUNE)]);
  await house.database.pool.query(`insert into budget_windows (organisation_id, budget_id, window_start, amount, spent, leased) values ($1, $2, $3, 1000000, 13000, 300)`, [house.organisationId, budgetId, new Date(JUNE)]);
  await house.database.pool.query(`insert into slices (organisation_id, budget_id, window_start, epoch_id, amount) values ($1, $2, $3, $4, 300)`, [house.organisationId, budgetId, new Date(JUNE), house.poster.epochId]);
  await house.poster.use({ quantities: { input: 1n } }, { quantities: { input: 2n } });
  await house.database.pool.query(`update epochs set lost_calls = 2, lost_held = 1500000000000`);
});
afterAll(() => house.close());

/** Plants a change past every guard, verifies, and takes it back. */
async function planted(statement: string, values: unknown[] = []) {
  const client = await house.database.pool.connect();
  try {
    await client.query('begin');
    // A superuser can switch the triggers off, which is what somebody who plants an edit would do.
    await client.query('set local session_replication_role = replica');
    const { rowCount } = await client.query(statement, values);
    expect(rowCount).toBeGreaterThan(0);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
  return verifyScope(house.database, { organisationId: null });
}

/** Runs a change on a copy of the table's rows and puts them back after. */
async function withPlanted<T>(table: string, statement: string, values: unknown[], look: (seen: Awaited<ReturnType<typeof planted>>) => T): Promise<T> {
  await house.database.pool.query(`create table kept as select * from ${table}`);
  try {
    return look(await planted(statement, values));
  } finally {
    const client = await house.database.pool.connect();
    await client.query('begin');
    await client.query('set local session_replication_role = replica');
    await client.query(`delete from ${table}`);
    await client.query(`insert into ${table} select * from kept`);
    await client.query('commit');
    client.release();
    await house.database.pool.query('drop table kept');
  }
}

const ids = async (table: string, order = 'id'): Promise<string[]> => (await house.database.pool.query(`select id from ${table} order by ${order}`)).rows.map((row: { id: string }) => row.id);

test('what nobody touched is right to the last digit, and lost calls are a figure', async () => {
  const seen = await house.books.bill.verify(house.principal());
  expect(seen.checks.filter((check) => check.state === 'fail')).toEqual([]);
  expect(seen).toMatchObject({ ok: true, difference: '0', firstFault: null, lostToCrashes: { calls: '2', note: expect.stringContaining('1.50') } });
  expect(Object.fromEntries(seen.checks.map((check) => [check.id, check.checked]))).toMatchObject({ events: '14', sequences: '14' });
});

test('another organisation verifies its own rows, and learns nothing of the others', async () => {
  const tenant = (await house.database.pool.query(`select organisation_id from usage_events where organisation_id <> $1`, [house.organisationId])).rows[0].organisation_id as string;
  const seen = await house.books.bill.verify(house.principal(tenant));
  expect(seen).toMatchObject({ ok: true, lostToCrashes: { calls: '0' } });
  expect(seen.checks.find((check) => check.id === 'events')?.checked).toBe('1');
  expect(seen.checks.map((check) => check.id)).not.toContain('sequences');
});

describe('usage events', () => {
  /** A value for each field that differs from every one there is. */
  const EDITS: Record<string, string> = {
    organisation_id: 'organisation_id = gen_random_uuid()', id: 'id = gen_random_uuid()', project_id: 'project_id = gen_random_uuid()', key_id: 'key_id = gen_random_uuid()',
    kind: `kind = 'other'`, resource: `resource = 'muse-spark'`, tier: `tier = 'contributor'`, occurred_at: `occurred_at = occurred_at + interval '1 second'`,
    recorded_at: `recorded_at = recorded_at + interval '1 second'`, 'quantities.input': `quantities = quantities || '{"input": "77"}'`, charge: 'charge = charge + 1',
    cost: 'cost = coalesce(cost, 0) + 1', currency: `currency = 'EUR'`, price_version_id: 'price_version_id = gen_random_uuid()', outcome: `outcome = 'cut'`,
    counted: `counted = 'backend'`, attributes: `attributes = attributes || '{"streamed": false}'`, epoch_id: 'epoch_id = gen_random_uuid()', sequence: 'sequence = sequence + 1000',
    hash: `hash = sha256('x')`,
  };

  test('any edit of any field of any event is found, and named', async () => {
    const all = await ids('usage_events', 'sequence');
    await fc.assert(fc.asyncProperty(fc.constantFrom(...Object.keys(EDITS)), fc.constantFrom(...all), async (field, id) => {
      await withPlanted('usage_events', `update usage_events set ${EDITS[field]} where id = $1`, [id], (seen) => {
        expect(seen.ok).toBe(false);
        const said = `${field} → ${seen.firstFault}`;
        if (field === 'id' || field === 'organisation_id') expect(said).toMatch(/usage event|removed/);
        else if (field === 'epoch_id') expect(said).toMatch(/epoch_id|sequence/);
        else if (field === 'sequence') expect(said).toContain(id);
        else expect(said).toContain(`usage event ${id}: the field ${field}`);
      });
    }), { numRuns: 60 });
  });

  test('a removed event is named by its number', async () => {
    const all = await ids('usage_events', 'sequence');
    for (const [at, id] of all.entries()) {
      await withPlanted('usage_events', 'delete from usage_events where id = $1', [id], (seen) => {
        expect(seen.firstFault).toContain(`the usage event with sequence ${at + 1} of epoch ${house.poster.epochId}`);
      });
    }
  });

  test.each(['null', '7', '"x"', '[]', '{"input": "abc"}', '{"input": {"a": 1}}', '{"input": "-1"}', '{"gold": "1"}', '{"input": null}'])('whatever is put there: %s', async (json) => {
    const [id] = await ids('usage_events', 'sequence');
    for (const column of ['quantities', 'attributes']) {
      await withPlanted('usage_events', `update usage_events set ${column} = $2 where id = $1`, [id, json], (seen) => expect(seen.firstFault).toContain(`usage event ${id}: the field ${column}`));
    }
    await withPlanted('price_versions', `update price_versions set buckets = $1`, [json], (seen) => expect(seen.firstFault).toMatch(/the price version .*: the field buckets was changed/));
    await withPlanted('adjustments', `update adjustments set event_ids = $1 where kind = 'late'`, [json], (seen) => expect(seen.firstFault).toMatch(/the adjustment .*: the field event_ids was changed/));
  });

  test('quantities, charge and hash rewritten together do not fit the chain of batches', async () => {
    const { rows } = await house.database.pool.query<StoredEvent>(`select * from usage_events order by sequence desc limit 1`);
    const row = rows[0]!;
    const forged = { ...hashedEvent(row), quantities: { input: '1' }, charge: 1000n };
    await withPlanted('usage_events', `update usage_events set quantities = '{"input":"1"}', charge = 1000, hash = $2 where id = $1`, [row.id, readHash(forged)], (seen) => {
      expect(seen.ok).toBe(false);
      expect(seen.firstFault).toContain('was rewritten together with its hash');
      expect(seen.firstFault).toContain(house.poster.epochId);
    });
  });

  test('an event, its batch and the epoch\'s watermark removed together are missed by the sums', async () => {
    const postings = (await house.database.pool.query(`select * from postings order by first_sequence desc limit 1`)).rows[0];
    await withPlanted('postings', 'delete from postings where first_sequence = $1', [postings.first_sequence], (seen) => {
      expect(seen.firstFault).toMatch(/no batch of epoch|chain/);
    });
  });
});

describe('everything that is computed from them', () => {
  const cases: [table: string, statement: string, named: RegExp][] = [
    ['usage_rollups', `update usage_rollups set charge = charge - 1 where bucket = 'total' and day = '2026-05-29' and key_id is null`, /sum of 2026-05-29, .*total: the field charge is \d+, the events give \d+/],
    ['usage_rollups', `update usage_rollups set quantity = quantity + 1 where bucket = 'input' and day = '2026-05-28' and key_id is null`, /sum of 2026-05-28, .*input: the field quantity/],
    ['usage_rollups', `update usage_rollups set events = events + 1 where bucket = 'total' and day = '2026-05-28' and key_id is null`, /the field events/],
    ['usage_rollups', `update usage_rollups set cost = cost + 1 where bucket = 'total' and day = '2026-05-28' and key_id is null`, /the field cost /],
    ['usage_rollups', `update usage_rollups set failed = failed + 1 where bucket = 'total' and day = '2026-05-28' and key_id is null`, /the field failed/],
    ['usage_rollups', `delete from usage_rollups where bucket = 'output' and day = '2026-05-28' and key_id is null`, /is missing, the events give/],
    ['budget_windows', 'update budget_windows set spent = spent - 1', /window from 2026-06-01.*the field spent is 15999, the events give 16000/],
    ['budget_windows', 'update budget_windows set leased = leased + 1', /the field leased is 301, its slices are 300/],
    ['price_versions', `update price_versions set buckets = jsonb_set(buckets, '{input,price}', '"999"')`, /the price version .*: the field buckets was changed/],
    ['price_versions', `delete from price_versions`, /the price version .* was removed/],
    ['credits', `update credits set amount = amount + 1 where kind = 'grant'`, /the credit .*: the field amount was changed from "500000" to "500001"/],
    ['credits', `update credits set expires_at = null where kind = 'grant'`, /the credit .*: the field expires_at was changed/],
    ['ledger_entries', `update ledger_entries set amount = amount + 1 where kind = 'draw' and account = 'credit'`, /the ledger entry .*: the field amount was changed/],
    ['ledger_entries', `delete from ledger_entries where kind = 'expiry'`, /the ledger entry .* was removed/],
    ['invoices', 'update invoices set total = total - 1', /the invoice .*: the field total was changed/],
    ['invoices', `update invoices set number = '2026-000002'`, /the field number was changed from "2026-000001" to "2026-000002"/],
    ['invoice_lines', 'update invoice_lines set charge = charge + 1 where position = 1', /the invoice line .*: the field charge was changed/],
    ['invoice_lines', 'delete from invoice_lines where position = 2', /the invoice line .* was removed/],
    ['adjustments', `update adjustments set reason = 'other' where kind = 'manual'`, /the adjustment .*: the field reason was changed from "an outage" to "other"/],
    ['adjustments', `delete from adjustments where kind = 'late'`, /the adjustment .* was removed/],
    ['journal', `update journal set content = replace(content, '-1500', '-2500') where kind = 'adjustment'`, /the journal of organisation .*: entry \d+ \(the adjustment .*\) was changed/],
    ['journal', 'delete from journal where sequence = 3', /the entries 3 to 3 were removed/],
    ['journal', 'delete from journal where sequence = (select max(sequence) from journal)', /it ends at entry \d+, but \d+ were written/],
    ['postings', `update postings set hash = sha256('x') where first_sequence = 1`, /the batch of sequences 1 to 3/],
    ['epochs', `update epochs set charge_mismatches = 1`, /1 calls were charged otherwise/],
  ];
  test.each(cases)('%s: %s', async (table, statement, named) => {
    await withPlanted(table, statement, [], (seen) => {
      expect(seen.ok).toBe(false);
      expect(seen.firstFault).toMatch(named);
    });
  });

  test('any edit of any field, and any removal, of any row of the books is found and named', async () => {
    /** Columns that take only some values. */
    const allowed: Record<string, string[]> = {
      tier: ['contributor'], side: ['cost'], kind: ['grant', 'prepaid', 'draw', 'expiry', 'late', 'manual'], account: ['funding', 'expired'], month: ['2031-01'], currency: ['EUR'],
    };
    const byType: Record<string, (column: string) => string> = {
      uuid: () => 'gen_random_uuid()', numeric: (column) => `coalesce(${column}, 0) + 1`, bigint: (column) => `${column} + 1`, integer: (column) => `${column} + 1`,
      text: (column) => `coalesce(${column}, '') || 'x'`, jsonb: () => `'{"edited": "1"}'`, 'timestamp with time zone': (column) => `coalesce(${column}, now()) + interval '1 hour'`,
    };
    const tables = ['price_versions', 'credits', 'ledger_entries', 'invoices', 'invoice_lines', 'adjustments'];
    const columns = new Map<string, { name: string; type: string }[]>();
    const rows = new Map<string, string[]>();
    for (const table of tables) {
      columns.set(table, (await house.database.pool.query(`select column_name as name, data_type as type from information_schema.columns where table_name = $1`, [table])).rows);
      rows.set(table, await ids(table));
    }
    let edits = 0;
    await fc.assert(fc.asyncProperty(fc.constantFrom(...tables), fc.nat(), fc.option(fc.nat()), async (table, at, which) => {
      const id = rows.get(table)![at % rows.get(table)!.length]!;
      if (which === null) {
        await withPlanted(table, `delete from ${table} where id = $1`, [id], (seen) => expect(seen.firstFault).toContain(`${id} was removed`));
        return;
      }
      const { name, type } = columns.get(table)![which % columns.get(table)!.length]!;
      for (const value of allowed[name]?.map((one) => `'${one}'`) ?? [byType[type]!(name)]) {
        try {
          await withPlanted(table, `update ${table} set ${name} = ${value} where id = $1 and ${name} is distinct from ${value}`, [id], (seen) => {
            expect(seen.firstFault).toContain(name === 'id' ? `${id} was removed` : `${id}: the field ${name} was changed`);
          });
          edits += 1;
        } catch (error) {
          // A value that the table itself refuses, or that is there already, is no edit.
          const refused = ['23514', '23505'].includes((error as { code?: string }).code ?? '');
          if (!refused && !String(error).includes('expected 0 to be greater than 0')) throw error;
        }
      }
    }), { numRuns: 60 });
    expect(edits).toBeGreaterThan(20);
  });

  test('a row beside the journal, and a hold left over, are found', async () => {
    const inserted = house.newId();
    await withPlanted('adjustments', `insert into adjustments select $1, organisation_id, invoice_id, kind, amount, reason, author, at, event_ids from adjustments where kind = 'manual'`, [inserted], (seen) => {
      expect(seen.firstFault).toContain(`the adjustment ${inserted} was not written by Tandem`);
    });
    const [ended] = await ids('usage_events');
    await withPlanted('holds', `insert into holds (organisation_id, epoch_id, id, admission) values ($1, $2, $3, 'x')`, [house.organisationId, house.poster.epochId, ended], (seen) => {
      expect(seen.firstFault).toMatch(/the hold .* its call has ended|the hold/);
    });
  });

  test('the difference is the money that was moved', async () => {
    const [id] = await ids('usage_events', 'sequence');
    await withPlanted('usage_events', 'update usage_events set charge = charge + 12345 where id = $1', [id], (seen) => {
      expect(seen).toMatchObject({ ok: false, difference: '12345', firstFault: `usage event ${id}: the field charge was changed after it was written` });
    });
  });
});
