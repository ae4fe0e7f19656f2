import { sql } from 'kysely';
import { formatAmount } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import { snapshot } from '../bill/snapshot.ts';
import { verifyBudgets, verifyHolds } from './budgets.ts';
import { verifyEvents } from './events.ts';
import { Findings, type VerifyCheck, type VerifyScope } from './findings.ts';
import { verifyEntries, verifyInvoices } from './invoices.ts';
import { verifyJournal } from './journal.ts';
import { readPriceHistory } from './price-history.ts';
import { verifyRollups } from './rollups.ts';

export interface Verification {
  readonly ok: boolean;
  /** The largest difference that a check found between what is stored and what the raw events give, picodollars. */
  readonly difference: string;
  readonly checks: VerifyCheck[];
  /** Calls of which a crash left nothing to charge by. Not a fault: a figure. */
  readonly lostToCrashes: { readonly calls: string; readonly note: string };
  /** The first fault by name; null: none. */
  readonly firstFault: string | null;
}

/**
 * Recomputes everything from the raw events, in one snapshot and bounded memory. The operator's organisation
 * verifies the whole installation; any other its own rows, of which it cannot see the numbering and the chain
 * that it shares with others.
 */
export class Verifier {
  readonly #database: Pick<Database, 'unscoped'>;
  readonly #operator: () => string | null;
  readonly #running = new Map<string, Promise<Verification>>();

  constructor(options: { readonly database: Pick<Database, 'unscoped'>; readonly operator: () => string | null }) {
    this.#database = options.database;
    this.#operator = options.operator;
  }

  /** It reads every event there is, so who asks while one is running gets that one's answer. */
  async verify(principal: Principal): Promise<Verification> {
    demand(principal, 'bill.read');
    const scope: VerifyScope = { organisationId: principal.organisationId === this.#operator() && principal.projectId === null ? null : principal.organisationId };
    const key = scope.organisationId ?? 'all';
    const running = this.#running.get(key) ?? verifyScope(this.#database, scope);
    this.#running.set(key, running);
    try {
      return await running;
    } finally {
      if (this.#running.get(key) === running) this.#running.delete(key);
    }
  }
}

/** The same for the command line of the server itself, which has no principal. */
export function verifyScope(database: Pick<Database, 'unscoped'>, scope: VerifyScope): Promise<Verification> {
  return snapshot(database, 'a verification reads what it verifies, for the organisation given or for all', (executor) => run(executor, scope));
}

async function run(executor: Executor, scope: VerifyScope): Promise<Verification> {
  const books = await verifyJournal(executor, scope);
  const { events, sequences } = await verifyEvents(executor, scope, await readPriceHistory(executor));
  // The books first: where a price was changed, the events rated by it are not at fault.
  const found = [
    books, events, ...(scope.organisationId === null ? [sequences] : []), await verifyRollups(executor, scope), await verifyBudgets(executor, scope),
    await verifyHolds(executor, scope), await verifyInvoices(executor, scope), await verifyEntries(executor, scope),
  ];
  const { rows: [lost] } = await sql<{ calls: string; held: string; mismatches: string }>`
    select coalesce(sum(lost_calls), 0)::text as calls, coalesce(sum(lost_held), 0)::text as held, coalesce(sum(charge_mismatches), 0)::text as mismatches from epochs`.execute(executor);
  if (scope.organisationId === null) found.push(ratedAlike(lost?.mismatches ?? '0'));

  const first = found.find((findings) => findings.first !== null)?.first ?? null;
  const largest = found.reduce((most, findings) => (findings.difference > most ? findings.difference : most), 0n);
  const mine = scope.organisationId === null ? lost : undefined;
  return {
    ok: first === null, difference: String(largest), checks: found.map((findings) => findings.done()), firstFault: first,
    lostToCrashes: { calls: mine?.calls ?? '0', note: note(mine) },
  };
}

function ratedAlike(mismatches: string): Findings {
  const findings = new Findings('rating', 'Gateway and poster rated every call alike');
  if (mismatches !== '0') findings.fault(`${mismatches} calls were charged otherwise by the gateway than by the poster; the poster's charge is in the bill`);
  return findings;
}

function note(lost: { calls: string; held: string } | undefined): string {
  if (lost === undefined) return 'Only the operator sees what crashes lost: it is counted per process, not per organisation.';
  if (lost.calls === '0') return 'No call was lost to a crash.';
  return `Calls that were admitted and of which a crash left no progress: nothing was charged for them. At most ${formatAmount(BigInt(lost.held))} was held for them.`;
}
