import type { Selectable } from 'kysely';
import type { Picodollars } from '../../base/index.ts';
import type { Executor, Schema } from '../../db/index.ts';
import type { StandingEvent } from '../../ledger/index.ts';
import { priceOf, shareOf } from '../price/best-price.ts';
import { dueStretches } from '../price/minutes.ts';
import { costOfMinutes } from '../price/provider-cost.ts';
import type { LeaseContext } from './context.ts';
import { priceOfLease, termsOf, type LeaseRow } from './rows.ts';

type HoldRow = Selectable<Schema['lease_holds']>;
const MINUTE = 60_000;

/** Money is set aside for so long ahead that a lease whose next hold fails has a day's notice. */
export const AHEAD_MS = 25 * 60 * MINUTE;

/** Sets money aside for leases, and charges them. Every change is in the caller's transaction, with the lease's row locked. */
export class LeaseMoney {
  readonly #context: Pick<LeaseContext, 'database' | 'newId' | 'standing' | 'machines'>;

  constructor(context: Pick<LeaseContext, 'database' | 'newId' | 'standing' | 'machines'>) {
    this.#context = context;
  }

  /**
   * Sets aside what a lease needs to be paid up to a time, by hours from its start, each in the budget windows of its own hour.
   * @returns the paid minutes that are covered. @throws TandemError budget_short; the transaction must then end without effect.
   */
  async holdUntil(tx: Executor, row: LeaseRow, startMs: number, paidUntilMs: number, untilMs: number): Promise<number> {
    const { database, standing } = this.#context;
    const terms = termsOf(row);
    const more = Math.ceil((untilMs - paidUntilMs) / MINUTE);
    const target = Math.min(Math.ceil((row.held_minutes + Math.max(0, more)) / 60) * 60, row.minutes ?? Number.POSITIVE_INFINITY);
    let held = row.held_minutes;
    while (held < target) {
      const to = Math.min(Math.floor(held / 60) * 60 + 60, target);
      const amount = priceOf(terms, to) - priceOf(terms, held);
      if (amount > 0n) {
        const windows = await standing.hold(tx, payerOf(row), startMs + (row.wall_minutes + held - row.paid_minutes) * MINUTE, amount);
        await database.scoped(row.organisation_id, tx).insertInto('lease_holds', { lease_id: row.id, from_minute: held, to_minute: to, amount, windows: JSON.stringify(windows) }).execute();
      }
      held = to;
    }
    await database.scoped(row.organisation_id, tx).updateTable('leases').set({ held_minutes: held }).where('id', '=', row.id).execute();
    return held;
  }

  /**
   * Brings the minutes up to a time into the books: whole hours, and at the end what is left. Nothing is charged twice, since the row says how
   * far it is. @returns the row's new figures; null: nothing was due.
   */
  async bill(tx: Executor, row: LeaseRow, atMs: number, final: boolean): Promise<Pick<LeaseRow, 'wall_minutes' | 'paid_minutes' | 'charged'> | null> {
    const { database, newId, standing } = this.#context;
    if (row.started_at === null) return null;
    const startMs = row.started_at.getTime();
    const stretches = dueStretches(startMs, row.outages, { wall: row.wall_minutes, paid: row.paid_minutes }, atMs, final);
    if (stretches.length === 0) return null;
    const terms = termsOf(row);
    const price = priceOfLease(row);
    const holds = await database.scoped(row.organisation_id, tx).selectFrom('lease_holds').selectAll().where('lease_id', '=', row.id).orderBy('from_minute').execute();
    const onMachines = await database.scoped(row.organisation_id, tx).selectFrom('lease_machines').select(['machine_id', 'unit_ids']).where('lease_id', '=', row.id).execute();
    const costs = await this.#context.machines.costs(onMachines.map(({ machine_id }) => machine_id), tx);
    const events: StandingEvent[] = [];
    let paid = row.paid_minutes;
    let charged = BigInt(row.charged);
    for (const { from, minutes, paid: more } of stretches) {
      const share = shareOf(terms, paid, paid + more);
      const held = await this.#consume(tx, row, holds, paid + more, share.charge);
      events.push({
        ...payerOf(row), id: newId(), kind: 'lease', resource: row.resource, tier: price.tier === 'contributor' ? 'contributor' : 'standard',
        occurredAtMs: startMs + from * MINUTE, quantities: share.quantities, price, agreedAtMs: row.quoted_at.getTime(), excess: share.excess, held,
        // The provider charges for minutes out of reach, too.
        cost: costOfMinutes(costs, onMachines, minutes, price.currency),
        attributes: { lease: row.id, name: row.name, from, minutes, paid: more, outOfReach: minutes - more, count: terms.count },
      });
      paid += more;
      charged += share.charge;
    }
    await standing.record(tx, events);
    const figures = { wall_minutes: stretches.at(-1)!.from + stretches.at(-1)!.minutes, paid_minutes: paid, charged: String(charged) };
    await database.scoped(row.organisation_id, tx).updateTable('leases').set({ ...figures, out_minutes: figures.wall_minutes - paid }).where('id', '=', row.id).execute();
    return figures;
  }

  /** Gives back all that is set aside and not charged. */
  async releaseAll(tx: Executor, row: Pick<LeaseRow, 'organisation_id' | 'id'>): Promise<void> {
    const { database, standing } = this.#context;
    const holds = await database.scoped(row.organisation_id, tx).deleteFrom('lease_holds').where('lease_id', '=', row.id).returningAll().execute();
    for (const { windows, amount } of holds) await standing.release(tx, windows, BigInt(amount));
  }

  /** Takes a charge out of what is set aside, and lets go of hours that are behind. @returns what the event frees itself. */
  async #consume(tx: Executor, row: LeaseRow, holds: HoldRow[], paid: number, charge: Picodollars): Promise<StandingEvent['held']> {
    const { database, standing } = this.#context;
    const own = database.scoped(row.organisation_id, tx);
    let rest = charge;
    let freed: StandingEvent['held'] = { windows: [], amount: 0n };
    while (holds.length > 0 && (rest > 0n || holds[0]!.to_minute <= paid)) {
      const hold = holds[0]!;
      const amount = BigInt(hold.amount);
      const taken = rest < amount ? rest : amount;
      rest -= taken;
      if (freed.amount === 0n) freed = { windows: hold.windows, amount: taken };
      else await standing.release(tx, hold.windows, taken);
      if (hold.to_minute > paid) {
        hold.amount = String(amount - taken);
        await own.updateTable('lease_holds').set({ amount: hold.amount }).where('lease_id', '=', row.id).where('from_minute', '=', hold.from_minute).execute();
        break;
      }
      await standing.release(tx, hold.windows, amount - taken);
      await own.deleteFrom('lease_holds').where('lease_id', '=', row.id).where('from_minute', '=', hold.from_minute).execute();
      holds.shift();
    }
    return freed;
  }
}

function payerOf({ organisation_id, project_id, key_id }: Pick<LeaseRow, 'organisation_id' | 'project_id' | 'key_id'>): { organisationId: string; projectId: string; keyId: string | null } {
  return { organisationId: organisation_id, projectId: project_id, keyId: key_id };
}
