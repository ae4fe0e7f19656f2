import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { JOURNAL_START, JOURNAL_TABLES, contentHash, linkHash, rowContent, type JournalKind } from '../journal/row-hash.ts';
import { Findings, type VerifyScope } from './findings.ts';

const PAGE = 2_000;

/** What a row of each kind is called. */
const NAMES: Record<JournalKind, string> = {
  price: 'the price version', credit: 'the credit', entry: 'the ledger entry', invoice: 'the invoice', line: 'the invoice line', adjustment: 'the adjustment',
};

/**
 * Walks every organisation's journal: its own chain, and that each row it tells of is there, as it was
 * written, and that there is no row it does not tell of.
 */
export async function verifyJournal(executor: Executor, scope: VerifyScope): Promise<Findings> {
  const findings = new Findings('books', 'Prices, credits, entries, invoices and adjustments are as they were written, and none is missing');
  let heads = executor.selectFrom('journal_heads').selectAll().orderBy('organisation_id');
  if (scope.organisationId !== null) heads = heads.where('organisation_id', '=', scope.organisationId);
  for (const head of await heads.execute()) await verifyOne(executor, findings, head);
  await verifyNoneBeside(executor, scope, findings);
  return findings;
}

async function verifyOne(executor: Executor, findings: Findings, head: { organisation_id: string; sequence: string; hash: Buffer }): Promise<void> {
  const organisationId = head.organisation_id;
  let expected = 1n;
  let hash: Buffer = JOURNAL_START;
  for (;;) {
    const rows = await executor.selectFrom('journal').selectAll().where('organisation_id', '=', organisationId).where('sequence', '>=', String(expected)).orderBy('sequence').limit(PAGE).execute();
    findings.count(rows.length);
    const stored = await storedRows(executor, rows);
    for (const row of rows) {
      const sequence = BigInt(row.sequence);
      if (sequence !== expected) findings.fault(`the journal of organisation ${organisationId}: the entries ${expected} to ${sequence - 1n} were removed`);
      const linked = linkHash(hash, contentHash(row.kind, row.content));
      if (sequence === expected && !linked.equals(row.hash)) {
        findings.fault(`the journal of organisation ${organisationId}: entry ${sequence} (${NAMES[row.kind]} ${row.row_id}) was changed after it was written`);
      }
      compare(findings, row.kind, row.row_id, row.content, stored.get(row.row_id));
      hash = row.hash;
      expected = sequence + 1n;
    }
    if (rows.length < PAGE) break;
  }
  const last = expected - 1n;
  if (last !== BigInt(head.sequence)) findings.fault(`the journal of organisation ${organisationId}: it ends at entry ${last}, but ${head.sequence} were written`);
  else if (!hash.equals(head.hash)) findings.fault(`the journal of organisation ${organisationId}: its last entry is not the one that was written`);
}

function compare(findings: Findings, kind: JournalKind, id: string, content: string, row: object | undefined): void {
  if (row === undefined) {
    findings.fault(`${NAMES[kind]} ${id} was removed`, moneyIn(content));
    return;
  }
  const now = rowContent(row);
  if (now === content) return;
  const [before, after] = [parse(content), parse(now)];
  const field = [...after.keys()].find((name) => JSON.stringify(after.get(name)) !== JSON.stringify(before.get(name))) ?? 'id';
  const [was, is] = [before.get(field), after.get(field)];
  const amount = typeof was === 'string' && typeof is === 'string' && /^-?\d+$/.test(was) && /^-?\d+$/.test(is) ? BigInt(is) - BigInt(was) : 0n;
  findings.fault(`${NAMES[kind]} ${id}: the field ${field} was changed from ${JSON.stringify(was)} to ${JSON.stringify(is)}`, amount);
}

/** Content is an array of [column, value], sorted by column. */
function parse(content: string): Map<string, unknown> {
  return new Map(JSON.parse(content) as [string, unknown][]);
}

function moneyIn(content: string): bigint {
  const fields = parse(content);
  const amount = fields.get('amount') ?? fields.get('total') ?? fields.get('charge');
  return typeof amount === 'string' && /^-?\d+$/.test(amount) ? BigInt(amount) : 0n;
}

async function storedRows(executor: Executor, rows: readonly { kind: JournalKind; row_id: string }[]): Promise<Map<string, object>> {
  const found = new Map<string, object>();
  for (const [kind, group] of Map.groupBy(rows, (row) => row.kind)) {
    const { rows: stored } = await sql<{ id: string }>`select * from ${sql.table(JOURNAL_TABLES[kind])} where id = any(${group.map((row) => row.row_id)}::uuid[])`.execute(executor);
    for (const row of stored) found.set(row.id, row);
  }
  return found;
}

async function verifyNoneBeside(executor: Executor, scope: VerifyScope, findings: Findings): Promise<void> {
  for (const [kind, table] of Object.entries(JOURNAL_TABLES) as [JournalKind, string][]) {
    const mine = scope.organisationId === null ? sql`true` : sql`t.organisation_id = ${scope.organisationId}`;
    const { rows } = await sql<{ id: string }>`
      select t.id from ${sql.table(table)} t where ${mine} and not exists (select from journal j where j.row_id = t.id and j.kind = ${kind}) limit 100`.execute(executor);
    for (const row of rows) findings.fault(`${NAMES[kind]} ${row.id} was not written by Tandem: the journal does not know it`);
  }
}
