import type { Selectable, Updateable } from 'kysely';
import { TandemError, formatAmount, type Clock, type Picodollars } from '../../../base/index.ts';
import { demand, type Access, type Principal } from '../../../access/index.ts';
import type { Database, ProviderOrderRow } from '../../../db/index.ts';
import type { StepNotes } from '../../nodes/context.ts';
import type { MachineSource } from '../../pools/machines.ts';
import { demandSpend } from '../../quotas/counted.ts';
import { ADVICE, ProviderFault } from '../fault.ts';
import type { MachineAccess, MachineProvider, Offer, ProviderMachine } from '../provider.ts';
import { planGpus, type GpuWish } from './gpu-plan.ts';
import { orderView, type OrderView } from './order-view.ts';
import { factsOf } from './order-reconciler.ts';
import { chargedBy, releaseAtMs } from './release-time.ts';

type Row = Selectable<ProviderOrderRow>;

export interface OrdersOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly access: Pick<Access, 'audit' | 'directory'>;
  /** What providers charge for machines, for quotas. */
  readonly machines: Pick<MachineSource, 'costs'>;
  /** Counts what people do by hand. */
  readonly steps?: StepNotes;
  readonly providers: ReadonlyMap<string, MachineProvider>;
}

export interface NewOrder {
  readonly provider: string;
  readonly offer: string;
  /** The most that it may cost at the provider in all, in the currency of its price. */
  readonly ceiling: Picodollars;
  /** The caller's word for it: the same word again is the same order. */
  readonly key: string;
  readonly neededUntil: Date | null;
  /** Its machine becomes a node of this pool by itself; null: a person enters it. */
  readonly pool: string | null;
  /** Of the node; null: the machine's own name. */
  readonly name: string | null;
}

interface AccountView {
  readonly name: string;
  readonly kind: MachineProvider['kind'];
  readonly reinstalls: boolean;
}

type OfferView = Omit<Offer, 'perHour' | 'minimumMs' | 'periodMs'> & { readonly perHour: { amount: string; currency: string } | null; readonly minimumHours: number };

interface OrphanView {
  readonly provider: string;
  readonly machineId: string;
  readonly name: string;
  readonly tag: string | null;
  readonly offer: string;
  readonly state: string;
  readonly perHour: string | null;
  readonly currency: string | null;
  readonly billedSince: string | null;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
}

interface GpuPlanView {
  readonly provider: string;
  readonly offer: string;
  readonly about: string;
  readonly machines: number;
  readonly gpus: number;
  readonly available: boolean | null;
  readonly currency: string;
  /** Of all together. */
  readonly perHour: string;
  readonly atLeast: string;
  /** Accounts that did not answer. */
  readonly failed: string[];
}

/** Whole machines at the operator's accounts, as people order and give them back. The reconciler does the rest. */
export class Orders {
  readonly #options: OrdersOptions;

  constructor(options: OrdersOptions) {
    this.#options = options;
  }

  /** The newest first, at most a thousand. */
  async list(principal: Principal): Promise<{ items: OrderView[]; nextCursor: null }> {
    demand(principal, 'orders.read');
    const rows = await this.#options.database.scoped(principal.organisationId).selectFrom('provider_orders').selectAll().orderBy('id', 'desc').limit(1_000).execute();
    const steps = Map.groupBy(rows.length === 0 ? [] : await this.#options.database.scoped(principal.organisationId).selectFrom('order_steps').selectAll().where('order_id', 'in', rows.map(({ id }) => id)).execute(), ({ order_id }) => order_id);
    return { items: rows.map((row) => orderView(row, this.#options.clock.nowMs(), steps.get(row.id))), nextCursor: null };
  }

  /** @throws TandemError resource_not_found. */
  async show(principal: Principal, id: string): Promise<OrderView> {
    demand(principal, 'orders.read');
    const row = await this.#row(principal, id);
    return orderView(row, this.#options.clock.nowMs(), await this.#options.database.scoped(principal.organisationId).selectFrom('order_steps').selectAll().where('order_id', '=', id).execute());
  }

  /** Writes an order down; nothing is asked of the provider but its offers. @throws TandemError resource_not_found, order_refused, order_ceiling, id_conflict. */
  async create(principal: Principal, wish: NewOrder): Promise<OrderView> {
    demand(principal, 'orders.write');
    const provider = this.account(principal, wish.provider);
    const offer = (await this.#ask(provider, () => provider.offers())).find(({ name }) => name === wish.offer);
    if (offer === undefined) throw new TandemError('resource_not_found', { params: { kind: 'offer', id: wish.offer, verb: `providers check ${provider.name}` } });
    return (await this.#insert(principal, provider, offer, [wish]))[0]!;
  }

  /**
   * Several machines by one command, under one ceiling for all of them: each gets an equal part of it.
   * @param wish `allWithinMs`: all of them are given back unless all came by then; null: as many as come are kept.
   * @throws TandemError as `create`; then none is ordered.
   */
  async createSeveral(principal: Principal, wish: NewOrder & { readonly count: number; readonly allWithinMs: number | null }): Promise<{ items: OrderView[]; nextCursor: null }> {
    demand(principal, 'orders.write');
    const { count, allWithinMs, ceiling, key, name, ...rest } = wish;
    const provider = this.account(principal, wish.provider);
    const offer = (await this.#ask(provider, () => provider.offers())).find((one) => one.name === wish.offer);
    if (offer === undefined) throw new TandemError('resource_not_found', { params: { kind: 'offer', id: wish.offer, verb: `providers check ${provider.name}` } });
    const wishes = Array.from({ length: count }, (_, at): NewOrder => ({ ...rest, ceiling: ceiling / BigInt(count), key: `${key}/${at + 1}`, name: name === null ? null : `${name.slice(0, 58)}-${at + 1}` }));
    return { items: await this.#insert(principal, provider, offer, wishes, { allBy: allWithinMs === null ? null : new Date(this.#options.clock.nowMs() + allWithinMs) }), nextCursor: null };
  }

  /** Which machines would have so many GPUs together, and at what price; nothing is ordered. @throws TandemError no_account, no_gpu_offer. */
  async planGpus(principal: Principal, wish: GpuWish): Promise<GpuPlanView> {
    const accounts = this.accounts(principal);
    if (accounts.length === 0) throw new TandemError('no_account');
    const failed: string[] = [];
    const offers = await Promise.all(accounts.map(async (account) => {
      try {
        return (await account.offers()).map((offer) => ({ account, offer }));
      } catch (error) {
        if (!(error instanceof ProviderFault)) throw error;
        failed.push(account.name);
        return [];
      }
    }));
    const plan = planGpus(wish, offers.flat(), principal.currency);
    if (plan === null) throw new TandemError('no_gpu_offer', { params: { gpus: wish.gpus, gpu: wish.gpu ?? 'GPUs', currency: principal.currency, failed: failed.length === 0 ? 'none' : failed.join(', ') } });
    const { offer, machines } = plan;
    const perHour = offer.perHour!.amount;
    const least = chargedBy({ startedAtMs: 0, minimumMs: offer.minimumMs, periodMs: offer.periodMs, perHour, deletableAtMs: null }, 1);
    return { provider: plan.provider, offer: offer.name, about: offer.about, machines, gpus: machines * offer.gpus!, available: offer.available, currency: offer.perHour!.currency, perHour: String(perHour * BigInt(machines)), atLeast: String(least * BigInt(machines)), failed };
  }

  /** Takes an orphan into an order of one's own: from then on it is looked after and given back. @throws TandemError as `create`. */
  async adopt(principal: Principal, wish: Omit<NewOrder, 'offer'> & { readonly machineId: string }): Promise<OrderView> {
    demand(principal, 'orders.write');
    const provider = this.account(principal, wish.provider);
    const machine = await this.#ask(provider, () => provider.show(wish.machineId));
    const known = await this.#options.database.unscoped('a machine has one order').selectFrom('provider_orders').select('id').where('provider', '=', provider.name).where('machine_id', '=', machine.id).where('observed', '<>', 'gone').executeTakeFirst();
    if (known !== undefined) throw new TandemError('order_state', { params: { id: known.id, state: 'in charge of that machine', action: 'adopted again' } });
    const offer = (await this.#ask(provider, () => provider.offers())).find(({ name }) => name === machine.offer);
    if (offer === undefined) throw new TandemError('resource_not_found', { params: { kind: 'offer', id: machine.offer, verb: `providers check ${provider.name}` } });
    return (await this.#insert(principal, provider, offer, [{ ...wish, offer: offer.name }], { machine }))[0]!;
  }

  /** Gives a machine back when what is paid for is used, or not before the given time. @throws TandemError resource_not_found, order_state. */
  release(principal: Principal, id: string, neededUntil: Date | null): Promise<OrderView> {
    return this.#change(principal, id, 'order.release', (row, now) => {
      const until = neededUntil ?? now;
      const terms = factsOf(row).terms;
      return { wanted: 'released', needed_until: until, release_at: row.machine_id === null ? null : new Date(releaseAtMs(terms, until.getTime())), next_at: now };
    });
  }

  /** Deletes all that is on the machine. @throws TandemError resource_not_found, order_state, order_refused where nothing can do that. */
  reinstall(principal: Principal, id: string): Promise<OrderView> {
    return this.#change(principal, id, 'order.reinstall', (row, now) => {
      if (row.observed !== 'ready') throw new TandemError('order_state', { params: { id, state: row.observed, action: 'reinstalled' } });
      if (this.#options.providers.get(row.provider)?.traits.reinstalls !== true) throw new TandemError('order_refused', { params: { provider: row.provider, reason: 'its machines cannot be reinstalled', next: 'give it back and order another' } });
      return { reinstall: true, next_at: now };
    });
  }

  /** How to enter a delivered machine for the first time; told of in the audit trail, and kept nowhere. @throws TandemError resource_not_found, order_state, order_refused. */
  async enter(principal: Principal, id: string): Promise<MachineAccess> {
    demand(principal, 'orders.write');
    const row = await this.#row(principal, id);
    if (row.machine_id === null || row.observed !== 'ready') throw new TandemError('order_state', { params: { id, state: row.observed, action: 'entered' } });
    const provider = this.account(principal, row.provider);
    const { database, access } = this.#options;
    await database.transaction(async (tx) => {
      await this.#options.steps?.noteStep(tx, principal, id, `${row.offer} at ${row.provider}`, 'order.enter');
      await access.audit.record(tx, principal, { action: 'order.enter', resourceKind: 'order', resourceId: id, change: { machine: row.machine_id } });
    });
    return this.#ask(provider, () => provider.access(row.machine_id!));
  }

  providers(principal: Principal): Promise<{ items: AccountView[]; nextCursor: null }> {
    return Promise.resolve({ items: this.accounts(principal).map(accountView), nextCursor: null });
  }

  /** What an account offers now. @throws TandemError resource_not_found, order_refused. */
  async check(principal: Principal, name: string): Promise<AccountView & { offers: OfferView[] }> {
    const provider = this.account(principal, name);
    const offers = await this.#ask(provider, () => provider.offers());
    return { ...accountView(provider), offers: offers.map(({ minimumMs, periodMs: _period, perHour, ...rest }) => ({ ...rest, minimumHours: minimumMs / 3_600_000, perHour: perHour && { amount: String(perHour.amount), currency: perHour.currency } })) };
  }

  /** What the operator's accounts are billed for and no order knows; for the operator. */
  async orphans(principal: Principal): Promise<{ items: OrphanView[]; nextCursor: null }> {
    demand(principal, 'orders.read');
    const rows = principal.ofOperator ? await this.#options.database.unscoped('machines of the operator\'s accounts').selectFrom('provider_orphans').selectAll().orderBy('first_seen_at').limit(1_000).execute() : [];
    return { nextCursor: null, items: rows.map((row) => ({
      provider: row.provider, machineId: row.machine_id, name: row.name, tag: row.tag, offer: row.offer, state: row.state, perHour: row.per_hour, currency: row.currency,
      billedSince: row.billed_since?.toISOString() ?? null, firstSeenAt: row.first_seen_at.toISOString(), lastSeenAt: row.last_seen_at.toISOString(),
    })) };
  }

  /** Accounts that the caller may order at: the operator's, for the operator. */
  accounts(principal: Principal): readonly MachineProvider[] {
    demand(principal, 'orders.read');
    return principal.ofOperator ? [...this.#options.providers.values()] : [];
  }

  /** @throws TandemError resource_not_found. */
  account(principal: Principal, name: string): MachineProvider {
    const found = this.accounts(principal).find((one) => one.name === name);
    if (found === undefined) throw new TandemError('resource_not_found', { params: { kind: 'provider', id: name, verb: 'providers list' } });
    return found;
  }

  /** Writes orders down, all or none; asked again by the same keys they are those of before. */
  async #insert(principal: Principal, provider: MachineProvider, offer: Offer, wishes: readonly NewOrder[], { machine = null, allBy = null }: { readonly machine?: ProviderMachine | null; readonly allBy?: Date | null } = {}): Promise<OrderView[]> {
    const { database, clock, newId, access, machines } = this.#options;
    const nowMs = clock.nowMs();
    const now = new Date(nowMs);
    const { perHour, minimumMs, periodMs } = offer;
    if (perHour === null) throw new TandemError('order_refused', { params: { provider: provider.name, reason: `the price of ${offer.name} is not known`, next: `enter it in the operator's file, under prices of ${provider.name}` } });
    const least = chargedBy({ startedAtMs: nowMs, minimumMs, periodMs, perHour: perHour.amount, deletableAtMs: null }, nowMs + 1);
    const dear = wishes.find(({ ceiling }) => least > ceiling);
    if (dear !== undefined) throw new TandemError('order_ceiling', { params: { offer: offer.name, least: formatAmount(least), ceiling: formatAmount(dear.ceiling), currency: perHour.currency }, facts: { least: String(least), ceiling: String(dear.ceiling) }, param: 'ceiling' });
    const groupId = wishes.length > 1 ? newId() : null;
    const rows = await database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      const done: { row: Row; made: boolean }[] = [];
      for (const wish of wishes) {
        const made = await own.insertInto('provider_orders', {
          id: newId(), request_key: wish.key, provider: provider.name, offer: offer.name, ordered_by: principal.actor.label, ceiling: String(wish.ceiling), currency: perHour.currency, per_hour: String(perHour.amount),
          minimum_ms: Math.ceil(minimumMs), period_ms: periodMs, needed_until: wish.neededUntil, next_at: now, created_at: now, pool: wish.pool, node_name: wish.name, arrive_at: now, group_id: groupId, all_by: allBy,
          ...(machine !== null && { machine_id: machine.id, observed: 'delivering' as const, sent_at: machine.billedSinceMs === null ? now : new Date(machine.billedSinceMs), billed_since: machine.billedSinceMs === null ? now : new Date(machine.billedSinceMs) }),
        }).onConflict((on) => on.columns(['organisation_id', 'request_key']).doNothing()).returningAll().executeTakeFirst();
        done.push({ row: made ?? await own.selectFrom('provider_orders').selectAll().where('request_key', '=', wish.key).executeTakeFirstOrThrow(), made: made !== undefined });
      }
      const fresh = done.filter(({ made }) => made).map(({ row }) => row);
      await demandSpend(tx, fresh, machines, access.directory, nowMs);
      if (machine !== null && fresh.length > 0) await tx.deleteFrom('provider_orphans').where('provider', '=', provider.name).where('machine_id', '=', machine.id).execute();
      for (const row of fresh) await this.#options.steps?.noteStep(tx, principal, row.id, `${row.offer} at ${row.provider}`, machine === null ? 'order.create' : 'order.adopt');
      for (const row of fresh) await access.audit.record(tx, principal, { action: machine === null ? 'order.create' : 'order.adopt', resourceKind: 'order', resourceId: row.id, change: { provider: provider.name, offer: offer.name, ceiling: row.ceiling, machine: machine?.id ?? null } });
      return done.map(({ row }) => row);
    });
    rows.forEach((row, at) => {
      const wish = wishes[at]!;
      if (row.provider !== provider.name || row.offer !== offer.name || row.ceiling !== String(wish.ceiling)) throw new TandemError('id_conflict', { params: { id: wish.key } });
    });
    return rows.map((row) => orderView(row, nowMs));
  }

  async #change(principal: Principal, id: string, action: string, decide: (row: Row, now: Date) => Updateable<ProviderOrderRow>): Promise<OrderView> {
    demand(principal, 'orders.write');
    const { database, clock, access } = this.#options;
    const now = new Date(clock.nowMs());
    const row = await database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      const before = await own.selectFrom('provider_orders').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
      if (before === undefined) throw missing(id);
      if (before.observed === 'gone' || before.observed === 'leaving') throw new TandemError('order_state', { params: { id, state: before.observed, action: 'changed' } });
      const after = await own.updateTable('provider_orders').set(decide(before, now)).where('id', '=', id).returningAll().executeTakeFirstOrThrow();
      await this.#options.steps?.noteStep(tx, principal, id, `${before.offer} at ${before.provider}`, action);
      await access.audit.record(tx, principal, { action, resourceKind: 'order', resourceId: id, change: { neededUntil: after.needed_until?.toISOString() ?? null } });
      return after;
    });
    return orderView(row, now.getTime());
  }

  async #row(principal: Principal, id: string): Promise<Row> {
    const row = await this.#options.database.scoped(principal.organisationId).selectFrom('provider_orders').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined) throw missing(id);
    return row;
  }

  async #ask<T>(provider: MachineProvider, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ProviderFault)) throw error;
      throw new TandemError('order_refused', { params: { provider: provider.name, reason: error.message, next: sentencePart(ADVICE[error.kind].next) }, facts: { fault: error.kind } });
    }
  }
}

function missing(id: string): TandemError {
  return new TandemError('resource_not_found', { params: { kind: 'order', id, verb: 'orders list' } });
}

/** A sentence made to stand after a colon. */
function sentencePart(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '');
}

function accountView({ name, kind, traits }: MachineProvider): AccountView {
  return { name, kind, reinstalls: traits.reinstalls };
}
