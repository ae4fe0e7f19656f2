import { CHANNEL } from '../registry/catalogue.ts';
import type { ServingContext } from './context.ts';
import { ReplicaSteps, busyOf, type ReplicaChange } from './replica-steps.ts';
import { figuresOf, settingsOf, type ReplicaRow, type ServingRow } from './rows.ts';
import { scale, type Load } from './scale.ts';

/** A serving with its replicas that are not ended. */
export interface KeptServing {
  readonly row: ServingRow;
  readonly replicas: readonly ReplicaRow[];
}

/** Replicas that failed are not made again sooner than this. */
const AGAIN_MS = 20_000;
/** A call that found no replica is waited for so long: after it, it has gone away. */
const CALLED_MS = 10 * 60_000;
const DEFAULT_PARALLEL = { vllm: 256, 'llama-cpp': 1, embedded: 4 } as const;

/**
 * Keeps as many replicas as are to be, and brings each to where it is wanted. One process at a time looks after all of them, every second;
 * what takes long goes on beside, and nothing is remembered here that the rows do not say, but for the pace of first tokens.
 */
export class ServingKeeper {
  readonly #context: ServingContext;
  readonly #steps: ReplicaSteps;
  readonly #working = new Map<string, Promise<void>>();
  readonly #pace = new Map<string, Pace>();

  constructor(context: ServingContext) {
    this.#context = context;
    this.#steps = new ReplicaSteps(context);
  }

  async tick(signal?: AbortSignal): Promise<void> {
    for (const kept of await this.#live()) {
      if (signal?.aborted) return;
      const { row, replicas } = kept;
      await this.#keep(kept);
      for (const replica of replicas) this.#look(row, replica);
    }
  }

  /** Resolves when nothing is on its way to a node. */
  async settled(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working.values());
  }

  #look(row: ServingRow, replica: ReplicaRow): void {
    if (this.#working.has(replica.id)) return;
    const work = this.#steps.step(row, replica).then((change) => (change === null ? undefined : this.#write(replica, change))).catch(async (error: Error) => {
      await this.#write(replica, { reason: error.message.slice(0, 500) });
    }).catch((error: Error) => {
      this.#context.log.warn({ replica: replica.id, reason: error.message }, 'a replica could not be looked after');
    }).finally(() => this.#working.delete(replica.id));
    this.#working.set(replica.id, work);
  }

  /** Where nothing has changed since it was read. Who routes calls is told when a replica begins or ceases to be a target. */
  async #write(replica: ReplicaRow, change: ReplicaChange): Promise<void> {
    const { database } = this.#context;
    await database.transaction(async (tx) => {
      const written = await database.scoped(replica.organisation_id, tx).updateTable('serving_replicas').set(change).where('id', '=', replica.id).where('observed', '=', replica.observed).returning('id').executeTakeFirst();
      if (written !== undefined && change.observed !== undefined && (change.observed === 'ready' || replica.observed === 'ready')) await database.notify(tx, CHANNEL, replica.serving_id);
    });
  }

  async #keep({ row, replicas }: KeptServing): Promise<void> {
    const { database, clock } = this.#context;
    const now = new Date(clock.nowMs());
    const own = database.scoped(row.organisation_id);
    if (row.wanted === 'stop') {
      await this.#stop(row, replicas, now);
      return;
    }
    const ended = this.#ended(row.id, replicas);
    const busy = ended || replicas.some((one) => one.observed === 'ready' && busyOf(one) > 0);
    const load = this.#load(row, replicas, now, busy);
    const decided = scale(load);
    const change = {
      ...(decided.replicas !== row.replicas && { replicas: decided.replicas, scaled_at: now }), ...(decided.reason !== row.reason && { reason: decided.reason }),
      ...(busy && (row.busy_at === null || now.getTime() - row.busy_at.getTime() > 5_000) && { busy_at: now }),
    };
    if (Object.keys(change).length > 0) await own.updateTable('servings').set(change).where('id', '=', row.id).where('wanted', '=', 'run').execute();
    await this.#fit(row, replicas, decided.replicas, now);
  }

  #load(row: ServingRow, replicas: readonly ReplicaRow[], now: Date, busy: boolean): Load {
    const { parallel, targetFirstTokenMs } = settingsOf(row);
    const ready = replicas.filter(({ observed, wanted }) => observed === 'ready' && wanted === 'run');
    const sum = (name: 'running' | 'waiting') => ready.reduce((all, one) => all + (figuresOf(one)?.[name] ?? 0), 0);
    const lastMs = Math.max(row.created_at.getTime(), row.busy_at?.getTime() ?? 0, row.called_at?.getTime() ?? 0, ...ready.map((one) => one.ready_at!.getTime()));
    const called = row.called_at !== null && (row.busy_at === null || row.called_at > row.busy_at) && now.getTime() - row.called_at.getTime() < CALLED_MS;
    return {
      min: row.min_replicas, max: row.max_replicas, wanted: row.replicas, ready: ready.length, running: sum('running'), waiting: sum('waiting'), parallel: parallel ?? DEFAULT_PARALLEL[row.engine],
      firstTokenMs: this.#pace.get(row.id)?.ms ?? null, targetFirstTokenMs, idleMs: busy ? 0 : now.getTime() - lastMs, idleAfterMs: row.idle_minutes === null ? null : row.idle_minutes * 60_000,
      called: called && ready.length === 0, sinceChangeMs: now.getTime() - (row.scaled_at ?? row.created_at).getTime(),
    };
  }

  /** Whether an answer has ended since the last look, also a short one between two. */
  #ended(servingId: string, replicas: readonly ReplicaRow[]): boolean {
    const ready = replicas.filter(({ observed }) => observed === 'ready');
    const before = this.#pace.get(servingId);
    const next = paceOf(ready, before);
    this.#pace.set(servingId, next);
    return before !== undefined && next.ended > before.ended;
  }

  /** More are asked for, and those that are too many let go: first what does not answer yet, then what has least to do. */
  async #fit(row: ServingRow, replicas: readonly ReplicaRow[], wanted: number, now: Date): Promise<void> {
    const { database, newId } = this.#context;
    const own = database.scoped(row.organisation_id);
    const kept = replicas.filter((one) => one.wanted === 'run' && one.observed !== 'ending');
    const surplus = kept.toSorted((a, b) => Number(a.observed === 'ready') - Number(b.observed === 'ready') || busyOf(a) - busyOf(b) || b.number - a.number).slice(0, Math.max(0, kept.length - wanted));
    if (surplus.length > 0) await own.updateTable('serving_replicas').set({ wanted: 'drain' }).where('id', 'in', surplus.map(({ id }) => id)).where('wanted', '=', 'run').execute();
    const missing = wanted - kept.length;
    if (missing <= 0) return;
    const last = await own.selectFrom('serving_replicas').select(['number', 'ended_at', 'ready_at']).where('serving_id', '=', row.id).orderBy('number', 'desc').limit(1).executeTakeFirst();
    // One that ended without ever answering is no reason to try again at once.
    if (last?.ended_at && last.ready_at === null && now.getTime() - last.ended_at.getTime() < AGAIN_MS) return;
    const first = (last?.number ?? 0) + 1;
    await own.insertInto('serving_replicas', Array.from({ length: missing }, (_, at) => ({ id: newId(), serving_id: row.id, number: first + at, asked_at: now }))).onConflict((on) => on.columns(['serving_id', 'number']).doNothing()).execute();
  }

  async #stop(row: ServingRow, replicas: readonly ReplicaRow[], now: Date): Promise<void> {
    const { database } = this.#context;
    const own = database.scoped(row.organisation_id);
    if (replicas.length === 0) {
      await database.transaction(async (tx) => {
        await database.scoped(row.organisation_id, tx).updateTable('servings').set({ stopped_at: now, replicas: 0, reason: null }).where('id', '=', row.id).execute();
        await database.notify(tx, CHANNEL, row.id);
      });
      this.#pace.delete(row.id);
      return;
    }
    await own.updateTable('serving_replicas').set({ wanted: 'drain' }).where('serving_id', '=', row.id).where('wanted', '=', 'run').where('observed', '<>', 'ended').execute();
  }

  async #live(): Promise<KeptServing[]> {
    const executor = this.#context.database.unscoped('servings of every organisation are kept by one worker');
    const rows = await executor.selectFrom('servings').selectAll().where('stopped_at', 'is', null).orderBy('created_at').execute();
    if (rows.length === 0) return [];
    const replicas = await executor.selectFrom('serving_replicas').selectAll().where('serving_id', 'in', rows.map(({ id }) => id)).where('observed', '<>', 'ended').orderBy('number').execute();
    const byServing = Map.groupBy(replicas, ({ serving_id }) => serving_id);
    return rows.map((row) => ({ row, replicas: byServing.get(row.id) ?? [] }));
  }
}

/** How quick first tokens were of late, from the sums that engines tell. */
interface Pace {
  readonly ended: number;
  readonly seconds: number;
  readonly count: number;
  readonly ms: number | null;
}

function paceOf(replicas: readonly ReplicaRow[], before: Pace = { ended: 0, seconds: 0, count: 0, ms: null }): Pace {
  const sum = (name: 'ended' | 'firstTokenSeconds' | 'firstTokens') => replicas.reduce((all, one) => all + (figuresOf(one)?.[name] ?? 0), 0);
  const [seconds, count] = [sum('firstTokenSeconds'), sum('firstTokens')];
  const more = count - before.count;
  // Where fewer are counted than before, a replica has gone: nothing is said of late.
  const ms = more > 0 ? ((seconds - before.seconds) / more) * 1_000 : more === 0 ? before.ms : null;
  return { ended: sum('ended'), seconds, count, ms };
}
