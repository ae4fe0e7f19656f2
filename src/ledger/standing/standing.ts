import { sql } from 'kysely';
import { TandemError, formatAmount, type Clock, type Picodollars } from '../../base/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import { PERIODS } from '../admission/refusal.ts';
import { ALL } from '../budgets/counted.ts';
import { BUDGETS_CHANNEL, type Budget, type BudgetDirectory } from '../budgets/directory.ts';
import { windowCounting } from '../budgets/window.ts';
import { DIRECT_EPOCH, readEpoch } from '../epochs/epochs.ts';
import { announceUsage } from '../events/announce.ts';
import { applyEvents } from '../events/apply.ts';
import { holderOf, nameOf, type PathNames } from '../holders/names.ts';
import { quantitiesFromText, type WindowKey } from '../events/records.ts';
import type { UsageEvent } from '../events/usage-event.ts';
import type { PriceBook } from '../prices/book.ts';
import { canonicalJson } from '../rating/canonical.ts';
import { rate } from '../rating/rate.ts';
import type { CallerTier, PriceVersion } from '../prices/types.ts';
import type { Slices } from '../slices/slices.ts';

export interface StandingOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly names: PathNames;
  readonly directory: BudgetDirectory;
  readonly slices: Pick<Slices, 'giveBackAll'>;
  readonly prices: Pick<PriceBook, 'priceAt'>;
}

/** Whose money it is. */
export interface Payer {
  readonly organisationId: string;
  readonly projectId: string;
  readonly keyId: string | null;
}

/** What was used since the last event of something that runs on. */
export interface StandingEvent extends Payer {
  readonly id: string;
  readonly kind: string;
  readonly resource: string;
  readonly tier: CallerTier;
  /** When what it counts began: its month, and its window of each budget. */
  readonly occurredAtMs: number;
  /** Bucket → whole number. Together they cost `charge` + `excess` by the price. */
  readonly quantities: Readonly<Record<string, bigint>>;
  readonly price: PriceVersion;
  /** When the price was agreed: a change of the list since then does not touch it. */
  readonly agreedAtMs: number;
  /** What the rated lines are charged less: a best price. */
  readonly excess: Picodollars;
  readonly cost: Picodollars | null;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** What was set aside for it, which it frees. */
  readonly held: { readonly windows: readonly WindowKey[]; readonly amount: Picodollars };
}

/**
 * Money for what outlives processes: a hold is in the books, with the row that the caller keeps of it, and not in a gateway's log. Holds are
 * slices of the log of direct events, which no process owns, so no crash frees them and none leaves them over.
 */
export class Standing {
  readonly #options: StandingOptions;

  constructor(options: StandingOptions) {
    this.#options = options;
  }

  /** The price in force; undefined: nobody has stated one. */
  priceAt(organisationId: string, resource: string, tier: CallerTier, atMs: number): PriceVersion | undefined {
    return this.#options.prices.priceAt(organisationId, resource, tier, atMs);
  }

  /**
   * Sets an amount aside in every budget that covers the payer, all or nothing, for the windows of `atMs`. In the transaction of the row that
   * remembers it; when this throws, the transaction must end without effect.
   * @returns where it was set aside, for `release` or an event.
   * @throws TandemError budget_exceeded. What gateways hold idle of that budget counts as spent: `callBack` it and try again.
   */
  async hold(tx: Executor, payer: Payer, atMs: number, amount: Picodollars): Promise<WindowKey[]> {
    const { directory, names } = this.#options;
    // A budget for a model, user or tag counts the events of a lease that are its own, but sets nothing aside: what runs on has no user.
    const of = (kind: 'organisation' | 'project' | 'key', id: string) => directory.of(payer.organisationId, kind, id);
    const budgets = [...of('organisation', payer.organisationId), ...of('project', payer.projectId), ...(payer.keyId === null ? [] : of('key', payer.keyId))].filter(({ subjectKind }) => subjectKind === null);
    const prepaid = names.organisation(payer.organisationId)?.billing === 'prepaid';
    if (prepaid && amount > 0n && !budgets.some(({ kind }) => kind === 'prepaid')) throw this.#exceeded({ scopeKind: 'organisation', scopeId: payer.organisationId, period: 'total', kind: 'prepaid', currency: names.organisation(payer.organisationId)!.currency, amount: 0n, id: '' }, 0n, amount);
    const windows: { budget: Budget; startMs: number }[] = budgets.flatMap((budget) => {
      const startMs = windowCounting(budget, atMs);
      return startMs === null ? [] : [{ budget, startMs }];
    });
    // In one order everywhere, so that two holds cannot wait for each other.
    windows.sort((a, b) => (a.budget.id < b.budget.id ? -1 : 1));
    for (const { budget, startMs } of windows) await this.#holdOne(tx, budget, startMs, amount);
    return windows.map(({ budget, startMs }) => ({ budgetId: budget.id, windowStartMs: startMs, counted: ALL }));
  }

  /** Gives back what was set aside and not used. In the transaction of the row that remembered it. */
  async release(tx: Executor, windows: readonly WindowKey[], amount: Picodollars): Promise<void> {
    if (amount <= 0n) return;
    for (const { budgetId, windowStartMs } of windows) {
      await sql`with freed as (
          update budget_windows set leased = leased - ${String(amount)}::numeric where budget_id = ${budgetId} and window_start = ${new Date(windowStartMs)} returning budget_id, window_start
        )
        update slices set amount = slices.amount - ${String(amount)}::numeric from freed
        where slices.budget_id = freed.budget_id and slices.window_start = freed.window_start and slices.epoch_id = ${DIRECT_EPOCH}`.execute(tx);
    }
  }

  /** Asks every process for what it holds idle of a budget. It is there a moment later. */
  async callBack(budgetId: string): Promise<void> {
    const { database, slices } = this.#options;
    await slices.giveBackAll(({ ownerId }) => ownerId === budgetId);
    await database.notify(database.unscoped('a notice names a budget by its id'), BUDGETS_CHANNEL, budgetId);
  }

  /**
   * Writes what was used, and frees what was set aside for it. In the caller's transaction, in which it also moves its own mark: that makes each
   * event count once. A month that is closed meanwhile gets an adjustment.
   */
  async record(tx: Executor, events: readonly StandingEvent[]): Promise<void> {
    if (events.length === 0) return;
    const { database, clock, newId } = this.#options;
    const log = await readEpoch(tx, DIRECT_EPOCH, true);
    const atMs = clock.nowMs();
    const usage = events.map(toUsage);
    const after = await applyEvents(tx, usage, { epochId: DIRECT_EPOCH, lastSequence: log.sequence, chain: log.chain, atMs, database, newId });
    await sql`update epochs set posted_sequence = ${String(after.lastSequence)}, chain = ${after.chain}, posted_at = ${new Date(atMs)} where id = ${DIRECT_EPOCH}`.execute(tx);
    await announceUsage(database, tx, events);
  }

  async #holdOne(tx: Executor, budget: Budget, startMs: number, amount: Picodollars): Promise<void> {
    const start = new Date(startMs);
    await sql`insert into budget_windows (organisation_id, budget_id, window_start, amount, spent, leased)
      select organisation_id, id, ${start}, amount, 0, 0 from budgets where id = ${budget.id} and removed_at is null on conflict do nothing`.execute(tx);
    const { rows: [window] } = await sql<{ left: string }>`select (amount - spent - leased)::text as left from budget_windows where budget_id = ${budget.id} and window_start = ${start} for update`.execute(tx);
    // The budget was removed a moment ago: then nothing is left to keep.
    if (window === undefined) return;
    if (BigInt(window.left) < amount) throw this.#exceeded(budget, BigInt(window.left), amount);
    await sql`update budget_windows set leased = leased + ${String(amount)}::numeric where budget_id = ${budget.id} and window_start = ${start}`.execute(tx);
    await sql`insert into slices as have (organisation_id, budget_id, window_start, epoch_id, amount)
      values (${budget.organisationId}, ${budget.id}, ${start}, ${DIRECT_EPOCH}, ${String(amount)}::numeric)
      on conflict (budget_id, window_start, epoch_id) do update set amount = have.amount + excluded.amount`.execute(tx);
  }

  #exceeded(budget: Pick<Budget, 'scopeKind' | 'scopeId' | 'period' | 'kind' | 'currency' | 'amount' | 'id'>, rest: Picodollars, needed: Picodollars): TandemError {
    const left = rest > 0n ? rest : 0n;
    const { names } = this.#options;
    return new TandemError('budget_exceeded', {
      params: { period: budget.kind === 'prepaid' ? 'prepaid' : PERIODS[budget.period], holder: holderOf({ ...budget, subjectKind: null, subject: null }, null, names), left: formatAmount(left), currency: budget.currency, amount: formatAmount(budget.amount), cap: '', again: '' },
      facts: { scope: budget.scopeKind, scopeId: budget.scopeId, name: nameOf(budget, names), budgetId: budget.id, amount: String(budget.amount), left: String(left), needed: String(needed), currency: budget.currency },
    });
  }
}

function toUsage(event: StandingEvent): UsageEvent {
  const { id, organisationId, projectId, keyId, kind, resource, tier, occurredAtMs, price, excess, cost, agreedAtMs, held } = event;
  const quantities = Object.fromEntries(Object.entries(event.quantities).flatMap(([bucket, quantity]) => (quantity === 0n ? [] : [[bucket, String(quantity)]])));
  const { lines, charge } = rate(quantitiesFromText(quantities), price);
  return {
    id, occurredAtMs, quantities: canonicalJson(quantities), lines, charge: charge - excess, cost, outcome: 'completed', counted: 'metered', freed: held.amount,
    place: { organisationId, projectId, keyId, kind, resource, tier, serviceTier: 'default', currency: price.currency, priceVersionId: price.id, windows: held.amount > 0n ? held.windows : [] },
    attributes: canonicalJson({ ...event.attributes, agreedAt: new Date(agreedAtMs).toISOString(), ...(excess > 0n && { excess: String(excess) }) }),
  };
}
