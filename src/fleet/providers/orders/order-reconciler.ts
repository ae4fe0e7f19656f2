import type { Selectable, Updateable } from 'kysely';
import { sql } from 'kysely';
import { printable, type Clock, type Logger, type Random } from '../../../base/index.ts';
import type { Database, ProviderOrderRow } from '../../../db/index.ts';
import { ProviderFault, retryAtMs } from '../fault.ts';
import type { MachineProvider, ProviderMachine } from '../provider.ts';
import { tagOf } from '../tag.ts';
import { SETTLE_MS, WIPE_MS, decideOrder, emptiesAtMs, goesAtMs, type OrderAction, type OrderFacts } from './decide.ts';
import { paidUntilMs, type ChargeTerms } from './release-time.ts';

type Row = Selectable<ProviderOrderRow>;

/** A call may take a minute, and a step makes several. */
const LOCK_MS = 5 * 60_000;
const LOOK_SOON_MS = 15_000;
const LOOK_LATER_MS = 5 * 60_000;
const MOST_AT_ONCE = 100;
/** Who is on a machine that is to be reinstalled has this long to leave. */
const REINSTALL_GRACE_MS = 15 * 60_000;
/** A reinstalled machine is to be a node again within. */
const ARRIVE_AGAIN_MS = 3 * 60 * 60_000;

export interface OrderReconcilerOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newId: () => string;
  readonly random: Random;
  readonly providers: ReadonlyMap<string, MachineProvider>;
  readonly nodes: RetiringNodes;
}

/** What an order asks of the node that its machine is. */
export interface RetiringNodes {
  /** Has it take nothing new, and end by then what is on it. @returns how many leases are left; null: the node is removed. */
  retire(nodeId: string, reason: string, deadline: Date): Promise<number | null>;
}

/**
 * Makes of orders machines, and of machines that nobody needs none. Whoever works on a row has taken it by a token; what is about to be asked
 * of a provider is written down before, so that a process that dies in between leaves an order that is found again by its tag.
 */
export class OrderReconciler {
  readonly #options: OrderReconcilerOptions;

  constructor(options: OrderReconcilerOptions) {
    this.#options = options;
  }

  /** One step for every order that is due. Safe to run in several processes. */
  async tick(signal?: AbortSignal): Promise<void> {
    for (let count = 0; count < MOST_AT_ONCE && signal?.aborted !== true; count += 1) {
      const row = await this.#take();
      if (row === undefined) return;
      await this.#step(row);
    }
  }

  /** The order that waits longest for its turn, for this process alone. */
  async #take(): Promise<Row | undefined> {
    const { clock, newId, database } = this.#options;
    const now = new Date(clock.nowMs());
    const token = newId();
    const { rows } = await sql<{ id: string }>`update provider_orders set lock_token = ${token}, lock_until = ${new Date(now.getTime() + LOCK_MS)}, fence = fence + 1 where id = (
      select id from provider_orders where observed <> 'gone' and next_at <= ${now} and (lock_token is null or lock_until < ${now} or lock_until > ${new Date(now.getTime() + 2 * LOCK_MS)}) order by next_at limit 1 for update skip locked) returning id`.execute(this.#all());
    const [taken] = rows;
    return taken && database.unscoped('an order that this process has taken').selectFrom('provider_orders').selectAll().where('id', '=', taken.id).executeTakeFirst();
  }

  async #step(row: Row): Promise<void> {
    const { clock, log, providers, random } = this.#options;
    const provider = providers.get(row.provider);
    if (provider === undefined) return this.#write(row, { reason: 'the operator\'s file no longer names this account', fault: 'refused', next_at: new Date(clock.nowMs() + LOOK_LATER_MS) });
    if (row.all_by !== null && row.all_by.getTime() <= clock.nowMs() && row.machine_id === null && row.wanted === 'have') return this.#giveUp(row);
    const action = decideOrder(factsOf(row, await this.#isNode(row)), clock.nowMs());
    try {
      await this.#do(row, provider, action);
    } catch (error) {
      if (!(error instanceof ProviderFault)) {
        await this.#write(row, { next_at: new Date(clock.nowMs() + LOOK_LATER_MS) });
        throw error;
      }
      log.warn({ order: row.id, provider: row.provider, action, fault: error.kind, failures: row.failures + 1 }, 'a provider did not do what it was asked');
      await this.#failed(row, action, error, random());
    }
  }

  /** One of a group that was to come whole did not come in time: all of it is given back. */
  async #giveUp(row: Row): Promise<void> {
    const now = new Date(this.#options.clock.nowMs());
    this.#options.log.warn({ order: row.id, group: row.group_id }, 'machines that were to come all together did not; they are given back');
    await this.#all().updateTable('provider_orders').set({ wanted: 'released', needed_until: now, next_at: now, reason: 'not all of the machines that were ordered together came in time' }).where('group_id', '=', row.group_id).where('wanted', '=', 'have').execute();
    await this.#write(row, {});
  }

  async #do(row: Row, provider: MachineProvider, action: OrderAction): Promise<void> {
    const { clock } = this.#options;
    const nowMs = clock.nowMs();
    switch (action) {
      case 'nothing': return;
      case 'close': return this.#write(row, { observed: 'gone', gone_at: new Date(nowMs), reason: 'given back before it came', estimate_at: null });
      case 'find': {
        const found = (await provider.list()).find(({ tag }) => tag === tagOf(row.id));
        if (found) return this.#seen(row, found);
        if (nowMs < row.sent_at!.getTime() + SETTLE_MS) return this.#write(row, { next_at: new Date(row.sent_at!.getTime() + SETTLE_MS) });
        return this.#write(row, { unclear: false, next_at: new Date(nowMs) });
      }
      case 'order': {
        // Before the call: should this process die now, another finds the machine by its tag.
        if (!(await this.#held(row, { sent_at: new Date(nowMs), unclear: true }))) return;
        return this.#seen(row, await provider.order({ offer: row.offer, tag: tagOf(row.id) }));
      }
      case 'empty': return this.#empty(row, provider);
      case 'look': {
        const before = await provider.show(row.machine_id!);
        return this.#seen(row, before.state === 'delivering' || before.state === 'reinstalling' ? await provider.advance(before, row.turn) : before);
      }
      case 'reinstall': {
        if (!(await this.#held(row, {
          // By the time it is ready again, nothing of what it was counts.
          turn: row.turn + 1, node_id: null, enrolment_id: null, host_key: null, host_key_from: null, arrive_at: new Date(nowMs), arrive_by: new Date(nowMs + ARRIVE_AGAIN_MS),
        }))) return;
        return this.#seen(row, await provider.reinstall(row.machine_id!), { reinstall: false });
      }
      case 'release': {
        await this.#held(row, { observed: 'leaving' });
        if (await this.#isNode(row)) await this.#options.nodes.retire(row.node_id!, 'its machine is given back to the provider, at its ceiling', new Date(nowMs));
        return this.#seen(row, { ...await provider.release(row.machine_id!) }, {}, true);
      }
    }
  }

  /** Takes the machine's node out of use, until nothing is left on it. */
  async #empty(row: Row, provider: MachineProvider): Promise<void> {
    const { clock, nodes } = this.#options;
    const nowMs = clock.nowMs();
    const facts = factsOf(row, true);
    const leaves = nowMs >= emptiesAtMs(facts);
    const deadline = new Date(leaves ? Math.max(nowMs + WIPE_MS, goesAtMs(facts) - WIPE_MS) : nowMs + REINSTALL_GRACE_MS);
    const left = await nodes.retire(row.node_id!, leaves ? 'its machine is given back to the provider' : 'its machine is reinstalled', deadline);
    const waits = { next_at: new Date(nowMs + (left === null || left === 0 ? 1_000 : LOOK_SOON_MS)), ...(left !== null && left > 0 && { reason: `leases on its node that end first: ${left}` }) };
    if (left === null) return this.#write(row, waits);
    return this.#seen(row, await provider.show(row.machine_id!), waits);
  }

  async #isNode(row: Row): Promise<boolean> {
    if (row.node_id === null) return false;
    return (await this.#all().selectFrom('nodes').select('id').where('id', '=', row.node_id).where('removed_at', 'is', null).executeTakeFirst()) !== undefined;
  }

  /** Writes what the provider shows. */
  async #seen(row: Row, machine: ProviderMachine, more: Updateable<ProviderOrderRow> = {}, leaving = false): Promise<void> {
    const { clock, log } = this.#options;
    const nowMs = clock.nowMs();
    const terms: ChargeTerms = { ...factsOf(row).terms, startedAtMs: machine.billedSinceMs ?? row.billed_since?.getTime() ?? row.sent_at?.getTime() ?? nowMs, deletableAtMs: machine.deletableAtMs };
    const goes = goesAtMs({ neededUntilMs: row.needed_until?.getTime() ?? null, ceiling: BigInt(row.ceiling), terms });
    const observed = machine.state === 'gone' ? 'gone' : leaving ? 'leaving' : machine.state;
    const soon = observed === 'delivering' || observed === 'reinstalling' || observed === 'leaving';
    if (observed !== row.observed) log.info({ order: row.id, provider: row.provider, state: observed }, 'an order has another state');
    await this.#write(row, {
      observed, machine_id: machine.id, reason: machine.reason, fault: null, failures: 0, unclear: false, estimate_at: dateOf(machine.estimateAtMs),
      billed_since: new Date(terms.startedAtMs), deletable_at: dateOf(machine.deletableAtMs), paid_until: new Date(paidUntilMs(terms, nowMs)), release_at: goes === Infinity ? null : new Date(goes),
      delivered_at: row.delivered_at ?? (observed === 'ready' ? new Date(nowMs) : null), left_at: row.left_at ?? (leaving ? new Date(nowMs) : null), gone_at: observed === 'gone' ? new Date(nowMs) : null,
      next_at: new Date(Math.min(nowMs + (soon ? LOOK_SOON_MS : LOOK_LATER_MS), Math.max(goes, nowMs + 1_000))), ...more,
    });
  }

  async #failed(row: Row, action: OrderAction, fault: ProviderFault, spread: number): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    const failures = row.failures + 1;
    // A machine that the provider no longer has is not billed: it is given back, by whomever.
    if (fault.kind === 'not_found' && (action === 'release' || action === 'look') && (action === 'release' || nowMs > row.created_at.getTime() + SETTLE_MS)) {
      if (row.node_id !== null) await this.#options.nodes.retire(row.node_id, 'the provider no longer has its machine', new Date(nowMs));
      return this.#write(row, { observed: 'gone', gone_at: new Date(nowMs), reason: action === 'release' ? 'given back' : 'the provider no longer has it', fault: null, estimate_at: null });
    }
    const again = retryAtMs(fault, failures, nowMs, spread);
    await this.#write(row, {
      fault: fault.kind, reason: printable(fault.message), failures,
      // What was refused plainly has come to nothing; what may have been done before this try stays in doubt.
      ...(action === 'order' && { unclear: fault.unclear || row.unclear, estimate_at: new Date(again) }),
      ...(action === 'release' && fault.kind === 'not_before' && { observed: row.observed, deletable_at: dateOf(fault.notBeforeMs) ?? row.deletable_at }),
      next_at: new Date(action === 'order' && fault.unclear ? Math.max(again, nowMs + SETTLE_MS) : again),
    });
  }

  /** Writes while the row stays taken. @returns whether it still was. */
  async #held(row: Row, change: Updateable<ProviderOrderRow>): Promise<boolean> {
    const { numUpdatedRows } = await this.#all().updateTable('provider_orders').set(change).where('id', '=', row.id).where('lock_token', '=', row.lock_token).executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  /** Writes and lets the row go, where the token still stands: who was too slow writes nothing. */
  async #write(row: Row, change: Updateable<ProviderOrderRow>): Promise<void> {
    await this.#held(row, { ...change, lock_token: null, lock_until: null });
    // What somebody wished while the provider was asked is looked at next, not at the turn that the old wish would have.
    await this.#all().updateTable('provider_orders').set({ next_at: new Date(this.#options.clock.nowMs()) }).where('id', '=', row.id)
      .where(sql<boolean>`(wanted <> ${row.wanted} or needed_until is distinct from ${row.needed_until})`).execute();
  }

  #all() {
    return this.#options.database.unscoped('orders of every organisation are kept by one worker');
  }
}

/** What of a row decides. @param node its machine is a node that leases may be on. */
export function factsOf(row: Row, node = false): OrderFacts {
  return {
    node,
    wanted: row.wanted, observed: row.observed, machineId: row.machine_id, sentAtMs: row.sent_at?.getTime() ?? null, unclear: row.unclear, reinstall: row.reinstall,
    neededUntilMs: row.needed_until?.getTime() ?? null, ceiling: BigInt(row.ceiling),
    terms: {
      startedAtMs: (row.billed_since ?? row.sent_at ?? row.created_at).getTime(), minimumMs: Number(row.minimum_ms), periodMs: Number(row.period_ms), perHour: BigInt(row.per_hour),
      deletableAtMs: row.deletable_at?.getTime() ?? null,
    },
  };
}

function dateOf(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms);
}
