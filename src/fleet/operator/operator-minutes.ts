import type { Selectable } from 'kysely';
import { TandemError, multiplyPrice, type Clock } from '../../base/index.ts';
import { demand, type Access, type Principal } from '../../access/index.ts';
import type { Database, Executor, OperatorWorkRow } from '../../db/index.ts';
import type { Ledger, StandingEvent } from '../../ledger/index.ts';
import { monthAt, type Month } from '../quotas/month.ts';
import { changesOf, minutesOf, waitsNow, type Wait } from './waits.ts';

type Row = Selectable<OperatorWorkRow>;

/** By its price an operator sets what a minute and a step are worth. */
export const OPERATOR_RESOURCE = 'operator/minutes';
const HOUR_MINUTES = 60;

export interface OperatorMinutesOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly access: Pick<Access, 'directory'>;
  readonly standing: Pick<Ledger['standing'], 'priceAt' | 'record'>;
  /** Whose machines they are that the operator's people look after. */
  readonly operator: () => string | null;
}

export interface OperatorMinutesView {
  readonly month: string;
  /** The mean number of nodes in the month so far. */
  readonly nodes: number;
  readonly minutes: number;
  readonly steps: number;
  /** Null: there was no node. */
  readonly minutesPerNode: number | null;
  /** What a minute and a step are worth; null: the operator has set nothing. */
  readonly price: { readonly currency: string; readonly minute: string; readonly step: string } | null;
  /** Null: no price is set. */
  readonly cost: string | null;
  readonly kinds: { readonly kind: Row['kind']; readonly count: number; readonly minutes: number }[];
  /** From the line that was made by hand to a node that could be leased, in seconds; null: none was set up so this month. */
  readonly setup: { readonly count: number; readonly meanSeconds: number; readonly longestSeconds: number } | null;
  /** What waits for somebody now, the longest in front. */
  readonly waiting: { readonly kind: Row['kind']; readonly subject: string; readonly name: string; readonly detail: string; readonly since: string; readonly minutes: number }[];
}

/** Minutes that machines waited for a person, and steps that somebody did by hand: what managing machines costs besides the machines. */
export class OperatorMinutes {
  readonly #options: OperatorMinutesOptions;

  constructor(options: OperatorMinutesOptions) {
    this.#options = options;
  }

  /** Notes a step that a person did, in the transaction that does it. Of other organisations than the operator's nothing is noted. */
  async noteStep(tx: Executor, by: Pick<Principal, 'organisationId' | 'actor'>, subject: string, name: string, step: string): Promise<void> {
    const { database, clock, newId, operator } = this.#options;
    if (by.actor.kind === 'system' || by.organisationId !== operator()) return;
    const now = new Date(clock.nowMs());
    await database.scoped(by.organisationId, tx).insertInto('operator_work', { id: newId(), kind: 'step', subject, name, detail: step, since: now, until: now, recorded_minutes: 0, recorded_at: null }).execute();
  }

  /** Looks what waits for somebody, and brings what is over, and whole hours of what is not, into the books. Periodic, safe to repeat. */
  async look(): Promise<void> {
    const organisationId = this.#options.operator();
    if (organisationId === null) return;
    await this.#follow(organisationId);
    await this.#record(organisationId);
  }

  /** Of a month, for who sees costs. @param month such as 2026-11; null: this one. @throws TandemError operator_only. */
  async show(principal: Principal, month: string | null): Promise<OperatorMinutesView> {
    demand(principal, 'costs.read');
    const { database, clock, standing } = this.#options;
    const nowMs = clock.nowMs();
    const at = month === null ? nowMs : Date.parse(`${month}-01T00:00:00Z`);
    const span = monthAt(at);
    const untilMs = Math.min(nowMs, span.endMs);
    const own = database.scoped(principal.organisationId);
    const work = await own.selectFrom('operator_work').selectAll().where('since', '<', new Date(span.endMs)).where((or) => or.or([or('until', 'is', null), or('until', '>=', new Date(span.startMs))])).execute();
    const nodes = await own.selectFrom('nodes').select(['created_at', 'removed_at']).where('created_at', '<', new Date(untilMs)).where((or) => or.or([or('removed_at', 'is', null), or('removed_at', '>', new Date(span.startMs))])).execute();
    const passedMs = Math.max(1, untilMs - span.startMs);
    const mean = nodes.reduce((sum, { created_at, removed_at }) => sum + Math.max(0, Math.min(removed_at?.getTime() ?? untilMs, untilMs) - Math.max(created_at.getTime(), span.startMs)), 0) / passedMs;
    const minutes = work.reduce((sum, row) => sum + minutesWithin(row, span, untilMs), 0);
    const steps = work.filter(({ kind }) => kind === 'step').length;
    const price = standing.priceAt(principal.organisationId, OPERATOR_RESOURCE, 'standard', nowMs);
    const [minutePrice, stepPrice] = [price?.buckets.minute, price?.buckets.request];
    const isSet = [minutePrice, stepPrice].some((unit) => unit !== undefined && unit.price > 0n);
    const cost = (minutePrice === undefined ? 0n : multiplyPrice(BigInt(minutes), minutePrice.price, minutePrice.per)) + (stepPrice === undefined ? 0n : multiplyPrice(BigInt(steps), stepPrice.price, stepPrice.per));
    const setups = work.filter(({ kind }) => kind === 'setup').map(({ since, until }) => (until!.getTime() - since.getTime()) / 1_000);
    return {
      month: new Date(span.startMs).toISOString().slice(0, 7), nodes: round(mean), minutes, steps, minutesPerNode: mean === 0 ? null : round(minutes / mean),
      price: isSet ? { currency: price!.currency, minute: perOne(minutePrice), step: perOne(stepPrice) } : null, cost: isSet ? String(cost) : null,
      kinds: [...Map.groupBy(work, ({ kind }) => kind)].map(([kind, rows]) => ({ kind, count: rows.length, minutes: rows.reduce((sum, row) => sum + minutesWithin(row, span, untilMs), 0) })),
      setup: setups.length === 0 ? null : { count: setups.length, meanSeconds: Math.round(setups.reduce((sum, one) => sum + one, 0) / setups.length), longestSeconds: Math.round(Math.max(...setups)) },
      waiting: work.filter(({ until }) => until === null).toSorted((a, b) => a.since.getTime() - b.since.getTime())
        .map((row) => ({ kind: row.kind, subject: row.subject, name: row.name, detail: row.detail, since: row.since.toISOString(), minutes: minutesOf(row, nowMs) })),
    };
  }

  async #follow(organisationId: string): Promise<void> {
    const { database, clock, newId } = this.#options;
    const own = database.scoped(organisationId);
    const nodes = await own.selectFrom('nodes').selectAll().where('removed_at', 'is', null).execute();
    const open = new Set((await own.selectFrom('pools').select('name').where('open_to', '=', 'all').where('removed_at', 'is', null).execute()).map(({ name }) => name));
    const pools = new Map(nodes.map(({ id, pool }) => [id, pool]));
    const orders = await own.selectFrom('provider_orders').selectAll().where('observed', '<>', 'gone').execute();
    const steps = orders.length === 0 ? [] : await own.selectFrom('order_steps').selectAll().where('state', '=', 'person').where('order_id', 'in', orders.map(({ id }) => id)).execute();
    const waits = waitsNow(nodes, ({ id }) => open.has(pools.get(id)!), orders, steps);
    const { begin, end } = changesOf(await own.selectFrom('operator_work').select(['id', 'kind', 'subject']).where('until', 'is', null).execute(), waits);
    const now = new Date(clock.nowMs());
    const row = ({ kind, subject, name, detail }: Wait) => ({ id: newId(), kind, subject, name, detail: detail.slice(0, 500), since: now, until: null, recorded_minutes: 0, recorded_at: null });
    if (begin.length > 0) await own.insertInto('operator_work', begin.map(row)).onConflict((on) => on.doNothing()).execute();
    if (end.length > 0) await own.updateTable('operator_work').set({ until: now }).where('id', 'in', end).where('until', 'is', null).execute();
    await this.#noteSetups(organisationId);
  }

  /** Nodes that somebody set up by a line, once they could be leased. Those of orders were set up by nobody. */
  async #noteSetups(organisationId: string): Promise<void> {
    const { database, newId } = this.#options;
    const own = database.scoped(organisationId);
    const known = own.selectFrom('operator_work').select('subject').where('kind', '=', 'setup');
    const nodes = await database.unscoped('nodes of the operator, with the tokens that made them').selectFrom('nodes').innerJoin('node_enrolments', 'node_enrolments.node_id', 'nodes.id')
      .leftJoin('provider_orders', 'provider_orders.enrolment_id', 'node_enrolments.id').select(['nodes.id', 'nodes.name', 'nodes.usable_at', 'node_enrolments.created_at'])
      .where('nodes.organisation_id', '=', organisationId).where('nodes.usable_at', 'is not', null).where('provider_orders.id', 'is', null)
      .where((not) => not.not(not(not.cast<string>('nodes.id', 'text'), 'in', known))).limit(1_000).execute();
    const byOrder = new Set(nodes.length === 0 ? [] : (await own.selectFrom('order_nodes').select('node_id').where('node_id', 'in', nodes.map(({ id }) => id)).execute()).map(({ node_id }) => node_id));
    const rows = nodes.filter(({ id }) => !byOrder.has(id)).map(({ id, name, usable_at, created_at }) => ({ id: newId(), kind: 'setup' as const, subject: id, name, detail: 'from the line to a node that can be leased', since: created_at, until: usable_at, recorded_minutes: 0, recorded_at: null }));
    if (rows.length > 0) await own.insertInto('operator_work', rows).execute();
  }

  async #record(organisationId: string): Promise<void> {
    const { database, clock, newId, standing, access } = this.#options;
    const nowMs = clock.nowMs();
    const price = standing.priceAt(organisationId, OPERATOR_RESOURCE, 'standard', nowMs);
    const projectId = projectOf(access, organisationId);
    // Without any price nothing can be rated; what is measured stays until there is one.
    if (price === undefined || projectId === undefined) return;
    await database.transaction(async (tx) => {
      const own = database.scoped(organisationId, tx);
      const due = await own.selectFrom('operator_work').selectAll().where('recorded_at', 'is', null).orderBy('since').limit(500).forUpdate().execute();
      const events: StandingEvent[] = [];
      for (const row of due) {
        const minutes = minutesOf(row, nowMs) - row.recorded_minutes;
        if (row.until === null && minutes < HOUR_MINUTES) continue;
        const take = row.until === null ? Math.floor(minutes / HOUR_MINUTES) * HOUR_MINUTES : minutes;
        const [bucket, quantity] = row.kind === 'step' ? ['request', 1n] as const : ['minute', BigInt(take)] as const;
        const unit = price.buckets[bucket];
        if (quantity > 0n && unit !== undefined) {
          const worth = multiplyPrice(quantity, unit.price, unit.per);
          events.push({
            organisationId, projectId, keyId: null, id: newId(), kind: 'operator', resource: OPERATOR_RESOURCE, tier: 'standard', occurredAtMs: row.since.getTime() + row.recorded_minutes * 60_000, quantities: { [bucket]: quantity }, price, agreedAtMs: nowMs,
            // Nobody is charged for it: it is what the operator's own time costs.
            excess: worth, cost: unit.price === 0n ? null : worth, held: { windows: [], amount: 0n }, attributes: { what: row.kind, subject: row.subject, name: row.name, detail: row.detail },
          });
        }
        await own.updateTable('operator_work').set({ recorded_minutes: row.recorded_minutes + take, recorded_at: row.until === null ? null : new Date(nowMs) }).where('id', '=', row.id).execute();
      }
      await standing.record(tx, events);
    });
  }
}

/** Minutes of a stretch that lie in a month. */
function minutesWithin(row: Row, { startMs }: Month, untilMs: number): number {
  const since = new Date(Math.max(row.since.getTime(), startMs));
  return minutesOf({ kind: row.kind, since, until: new Date(Math.min(row.until?.getTime() ?? untilMs, untilMs)) }, untilMs);
}

function projectOf({ directory }: OperatorMinutesOptions['access'], organisationId: string): string | undefined {
  try {
    return directory.projectFor({ organisationId, projectId: null });
  } catch (error) {
    if (error instanceof TandemError) return undefined;
    throw error;
  }
}

function perOne(unit: { readonly price: bigint; readonly per: bigint } | undefined): string {
  return unit === undefined ? '0' : String(multiplyPrice(1n, unit.price, unit.per));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
