import { sql, type Selectable, type Updateable } from 'kysely';
import { printable, type Clock, type Logger } from '../../../base/index.ts';
import type { Access } from '../../../access/index.ts';
import type { Database, OrderStepRow, ProviderOrderRow } from '../../../db/index.ts';
import type { Enrolments } from '../../nodes/enrolments.ts';
import type { NodeLink } from '../../ports.ts';
import { ProviderFault } from '../fault.ts';
import type { MachineProvider } from '../provider.ts';
import { ArrivalFault } from './arrival-fault.ts';
import type { ProbePort } from './probe.ts';
import type { EnterBySsh } from './ssh-entry.ts';
import { afterFault, nextStep, type ArrivalStep } from './steps.ts';
import { StepWork } from './step-work.ts';

type Row = Selectable<ProviderOrderRow>;
type Step = Selectable<OrderStepRow>;

/** Longer than the longest step, so that nobody else begins one that still runs. */
const LOCK_MS = 10 * 60_000;
const MOST_AT_ONCE = 8;

export interface ArrivalsOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newId: () => string;
  readonly access: Pick<Access, 'audit'>;
  readonly providers: ReadonlyMap<string, MachineProvider>;
  /** Files of private keys by account. */
  readonly keys: ReadonlyMap<string, string>;
  readonly enrolments: Pick<Enrolments, 'issue'>;
  readonly link: Pick<NodeLink, 'isConnected' | 'ask'>;
  readonly enter: EnterBySsh;
  readonly probe: ProbePort;
}

/**
 * Makes nodes of delivered machines, without anybody's hands. Whoever works on an order has taken it by a token; each step is written down when it
 * is begun and when it has ended, so that the next process goes on where the last one died.
 */
export class Arrivals {
  readonly #options: ArrivalsOptions;
  readonly #work: StepWork;
  readonly #running = new Set<Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(options: ArrivalsOptions) {
    this.#options = options;
    this.#work = new StepWork(options);
  }

  /** Begins what is due and does not wait for it: one machine that hangs holds up no other. Periodic, safe in several processes. */
  async tick(): Promise<void> {
    while (this.#running.size < MOST_AT_ONCE && !this.#stopping.signal.aborted) {
      const row = await this.#take();
      if (row === undefined) return;
      const running = this.#arrive(row).catch((error: unknown) => {
        this.#options.log.error({ order: row.id, reason: error instanceof Error ? error.message : 'unknown' }, 'a machine could not be looked after');
      }).finally(() => this.#running.delete(running));
      this.#running.add(running);
    }
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** Cuts what is under way: the next process goes on. */
  async close(): Promise<void> {
    this.#stopping.abort(new Error('the server is stopping'));
    await this.settled();
  }

  async #take(): Promise<Row | undefined> {
    const { clock, newId, database } = this.#options;
    const now = new Date(clock.nowMs());
    const token = newId();
    const { rows } = await sql<{ id: string }>`update provider_orders set arrival_token = ${token}, arrival_until = ${new Date(now.getTime() + LOCK_MS)} where id = (
      select id from provider_orders where observed = 'ready' and pool is not null and machine_id is not null and not reinstall and wanted = 'have' and arrived_turn is distinct from turn
        and arrive_at <= ${now} and (arrival_token is null or arrival_until < ${now}) order by arrive_at limit 1 for update skip locked) returning id`.execute(this.#all());
    const [taken] = rows;
    return taken && database.unscoped('an order that this process has taken').selectFrom('provider_orders').selectAll().where('id', '=', taken.id).executeTakeFirst();
  }

  /** As many steps as come to their end now. */
  async #arrive(taken: Row): Promise<void> {
    let row = taken;
    for (;;) {
      const steps = await this.#steps(row);
      const step = nextStep(steps);
      if (step === undefined) return this.#arrived(row);
      const before = steps.find((one) => one.step === step);
      await this.#begin(row, step, (before?.attempts ?? 0) + 1);
      let change: Updateable<ProviderOrderRow>;
      try {
        change = await this.#work.run(row, step, steps, this.#stopping.signal, (kept) => this.#keep(row, kept));
      } catch (error) {
        if (this.#stopping.signal.aborted) return void (await this.#keep(row, { arrival_token: null, arrival_until: null }));
        const fault = faultOf(error);
        // Looks at a machine that is only slow are not tries.
        const attempts = fault.anew ? (steps.find((one) => one.step === 'enrol')?.attempts ?? 1) : (before?.attempts ?? 0) + 1;
        return this.#failed(row, step, attempts, fault);
      }
      if (!(await this.#done(row, step, change))) return;
      row = { ...row, ...change } as Row;
    }
  }

  #steps(row: Row): Promise<Step[]> {
    return this.#options.database.scoped(row.organisation_id).selectFrom('order_steps').selectAll().where('order_id', '=', row.id).where('turn', '=', row.turn).execute();
  }

  async #begin(row: Row, step: ArrivalStep, attempts: number): Promise<void> {
    const now = new Date(this.#options.clock.nowMs());
    await this.#all().insertInto('order_steps').values({ organisation_id: row.organisation_id, order_id: row.id, turn: row.turn, step, state: 'working', attempts, reason: null, next: null, started_at: now, ended_at: null })
      .onConflict((on) => on.columns(['order_id', 'turn', 'step']).doUpdateSet({ attempts })).execute();
  }

  /** @returns false when another has taken the order: then nothing more is done here. */
  async #done(row: Row, step: ArrivalStep, { reason, ...change }: Updateable<ProviderOrderRow>): Promise<boolean> {
    const { clock, database } = this.#options;
    return database.transaction(async (tx) => {
      const held = await tx.updateTable('provider_orders').set({ ...change, arrival_until: new Date(clock.nowMs() + LOCK_MS) }).where('id', '=', row.id).where('arrival_token', '=', row.arrival_token).executeTakeFirst();
      if (held.numUpdatedRows !== 1n) return false;
      await tx.updateTable('order_steps').set({ state: 'done', reason: reason ?? null, next: null, ended_at: new Date(clock.nowMs()) }).where('order_id', '=', row.id).where('turn', '=', row.turn).where('step', '=', step).execute();
      return true;
    });
  }

  async #failed(row: Row, step: ArrivalStep, attempts: number, fault: ArrivalFault): Promise<void> {
    const { clock, log, database } = this.#options;
    const nowMs = clock.nowMs();
    const late = row.arrive_by !== null && row.arrive_by.getTime() <= nowMs;
    const { state, waitMs } = afterFault(fault.kind, attempts, fault.soonMs);
    const reason = late ? `${fault.message}; it was to be a node again by ${row.arrive_by!.toISOString()}` : fault.message;
    await database.transaction(async (tx) => {
      const held = await tx.updateTable('provider_orders').set({ arrival_token: null, arrival_until: null, arrive_at: new Date(nowMs + waitMs) }).where('id', '=', row.id).where('arrival_token', '=', row.arrival_token).executeTakeFirst();
      if (held.numUpdatedRows !== 1n) return;
      await tx.updateTable('order_steps').set({ state: late ? 'person' : state, reason, next: fault.next }).where('order_id', '=', row.id).where('turn', '=', row.turn).where('step', '=', step).execute();
      // A machine whose agent never came is enrolled anew, by another token.
      if (fault.anew) await tx.updateTable('order_steps').set({ state: 'waiting', ended_at: null }).where('order_id', '=', row.id).where('turn', '=', row.turn).where('step', '=', 'enrol').execute();
    });
    log.info({ order: row.id, step, attempts, waits: fault.kind }, 'a machine is not a node yet');
  }

  async #arrived(row: Row): Promise<void> {
    const { access, clock, database, log } = this.#options;
    await database.transaction(async (tx) => {
      const done = await tx.updateTable('provider_orders').set({ arrived_turn: row.turn, arrive_by: null, arrival_token: null, arrival_until: null }).where('id', '=', row.id).where('arrival_token', '=', row.arrival_token).where('turn', '=', row.turn).executeTakeFirst();
      if (done.numUpdatedRows !== 1n) return;
      await database.scoped(row.organisation_id, tx).insertInto('order_nodes', { order_id: row.id, turn: row.turn, node_id: row.node_id!, at: new Date(clock.nowMs()) }).execute();
      await access.audit.record(tx, { organisationId: row.organisation_id, actor: { kind: 'system', id: null, label: 'system' } }, { action: 'order.arrive', resourceKind: 'order', resourceId: row.id, change: { node: row.node_id, reinstalls: row.turn } });
    });
    log.info({ order: row.id, node: row.node_id }, 'an ordered machine is a node');
  }

  async #keep(row: Row, change: Updateable<ProviderOrderRow>): Promise<void> {
    await this.#all().updateTable('provider_orders').set(change).where('id', '=', row.id).where('arrival_token', '=', row.arrival_token).execute();
  }

  #all() {
    return this.#options.database.unscoped('ordered machines of every organisation are looked after by one worker');
  }
}

function faultOf(error: unknown): ArrivalFault {
  if (error instanceof ArrivalFault) return error;
  if (error instanceof ProviderFault) return new ArrivalFault('again', error.message, 'It is tried again by itself.');
  return new ArrivalFault('again', printable(error instanceof Error ? error.message : 'unknown').slice(0, 300), 'It is tried again by itself. If it goes on: the server\'s log says more.');
}
