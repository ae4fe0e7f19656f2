import { sql } from 'kysely';
import { TandemError, formatAmount, type Clock, type Picodollars } from '../../base/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import { PERIODS } from '../admission/refusal.ts';
import { ALL, OTHERS, countedAs, nameIn } from '../budgets/counted.ts';
import { BUDGETS_CHANNEL, budgetsOf, type Budget, type BudgetDirectory } from '../budgets/directory.ts';
import { keyOf, openNames, type NameWindow } from '../budgets/name-windows.ts';
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
   * @throws TandemError budget_short. What gateways hold idle of that budget counts as spent: `callBack` it and try again.
   */
  async hold(tx: Executor, payer: Payer, atMs: number, amount: Picodollars): Promise<WindowKey[]> {
    const { directory, names } = this.#options;
    const rules = budgetsOf(directory, { ...payer, resource: '' }).fixed.filter(({ limit: { subjectKind } }) => subjectKind === null || BY_PLACE.has(subjectKind));
    const prepaid = names.organisation(payer.organisationId)?.billing === 'prepaid';
    if (prepaid && amount > 0n && !rules.some(({ limit }) => limit.kind === 'prepaid')) throw this.#exceeded({ scopeKind: 'organisation', scopeId: payer.organisationId, subjectKind: null, subject: null, period: 'total', kind: 'prepaid', currency: names.organisation(payer.organisationId)!.currency, amount: 0n, id: '' }, 0n, amount);
    const windows = rules.flatMap(({ limit: budget, counted }): HeldWindow[] => {
      const startMs = windowCounting(budget, atMs);
      return startMs === null ? [] : [{ budget, budgetId: budget.id, startMs, counted: counted === null ? ALL : countedAs(counted) }];
    });
    const byName = windows.filter(({ counted }) => counted !== ALL);
    const told = byName.length === 0 ? null : await openNames(tx, byName);
    const held = windows.map((window) => (told !== null && window.counted !== ALL && !told.has(keyOf(window)) ? { ...window, counted: OTHERS } : window));
    // Whole windows first, and each sort in one order, as everywhere: two holds cannot wait for each other.
    held.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    for (const window of [...held.filter(({ counted }) => counted === ALL), ...held.filter(({ counted }) => counted !== ALL)]) await this.#holdOne(tx, window, amount);
    return held.map(({ budgetId, startMs, counted }) => ({ budgetId, windowStartMs: startMs, counted }));
  }

  /** Gives back what was set aside and not used. In the transaction of the row that remembered it. */
  async release(tx: Executor, windows: readonly WindowKey[], amount: Picodollars): Promise<void> {
    if (amount <= 0n) return;
    const byName = (one: WindowKey) => Number(one.counted !== ALL);
    for (const { budgetId, windowStartMs, counted } of windows.toSorted((a, b) => byName(a) - byName(b))) {
      const { windows: table, slices, at } = placeOf(budgetId, windowStartMs, counted);
      await sql`with freed as (update ${table} set leased = leased - ${String(amount)}::numeric where ${at} returning budget_id)
        update ${slices} set amount = amount - ${String(amount)}::numeric where ${at} and epoch_id = ${DIRECT_EPOCH} and exists (select from freed)`.execute(tx);
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

  async #holdOne(tx: Executor, { budget, startMs, counted }: HeldWindow, amount: Picodollars): Promise<void> {
    const start = new Date(startMs);
    const { windows, slices, at } = placeOf(budget.id, startMs, counted);
    const [name, value] = counted === ALL ? [sql``, sql``] : [sql`, counted`, sql`, ${counted}`];
    if (counted === ALL) {
      await sql`insert into budget_windows (organisation_id, budget_id, window_start, amount, spent, leased)
        select organisation_id, id, ${start}, amount, 0, 0 from budgets where id = ${budget.id} and removed_at is null on conflict do nothing`.execute(tx);
    }
    const { rows: [window] } = await sql<{ left: string }>`select (amount - spent - leased)::text as left from ${windows} where ${at} for update`.execute(tx);
    // The budget was removed a moment ago: then nothing is left to keep.
    if (window === undefined) return;
    if (BigInt(window.left) < amount) throw this.#exceeded(budget, BigInt(window.left), amount, nameIn(counted));
    await sql`update ${windows} set leased = leased + ${String(amount)}::numeric where ${at}`.execute(tx);
    await sql`insert into ${slices} as have (organisation_id, budget_id, window_start${name}, epoch_id, amount)
      values (${budget.organisationId}, ${budget.id}, ${start}${value}, ${DIRECT_EPOCH}, ${String(amount)}::numeric)
      on conflict (budget_id, window_start${name}, epoch_id) do update set amount = have.amount + excluded.amount`.execute(tx);
  }

  #exceeded(budget: Pick<Budget, 'scopeKind' | 'scopeId' | 'subjectKind' | 'subject' | 'period' | 'kind' | 'currency' | 'amount' | 'id'>, rest: Picodollars, needed: Picodollars, counted: string | null = null): TandemError {
    const left = rest > 0n ? rest : 0n;
    const { names } = this.#options;
    return new TandemError('budget_short', {
      params: { period: budget.kind === 'prepaid' ? 'prepaid' : PERIODS[budget.period], holder: holderOf(budget, counted, names), left: formatAmount(left), currency: budget.currency, amount: formatAmount(budget.amount), needed: formatAmount(needed) },
      facts: { scope: budget.scopeKind, scopeId: budget.scopeId, name: nameOf(budget, names), budgetId: budget.id, amount: String(budget.amount), left: String(left), needed: String(needed), currency: budget.currency },
    });
  }
}

/** A window that an amount is set aside in. */
interface HeldWindow extends NameWindow {
  readonly budget: Budget;
}

/** What a lease has as a call has it. A budget for a model, user or tag counts the events of a lease that are its own, but sets nothing aside: what runs on has no user. */
const BY_PLACE: ReadonlySet<string> = new Set(['key', 'project']);

/** Where a window and its slices are kept: by name in tables of their own. */
function placeOf(budgetId: string, startMs: number, counted: string) {
  const whole = counted === ALL;
  return {
    windows: sql.table(whole ? 'budget_windows' : 'budget_name_windows'), slices: sql.table(whole ? 'slices' : 'budget_name_slices'),
    at: sql`budget_id = ${budgetId} and window_start = ${new Date(startMs)}${whole ? sql`` : sql` and counted = ${counted}`}`,
  };
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
