import type { Updateable } from 'kysely';
import { isTandemError, printable } from '../../base/index.ts';
import type { Schema } from '../../db/index.ts';
import { wishFaults } from '../../fleet/index.ts';
import { servingPrincipal, type ServingContext } from './context.ts';
import { REPLICA_PORT, type ReplicaPlace } from './replica-door.ts';
import { figuresOf, gpusOf, leaseOf, leaseWish, settingsOf, type ReplicaRow, type ServingRow } from './rows.ts';

/** What a step changes of a replica. */
export type ReplicaChange = Updateable<Schema['serving_replicas']>;

/** Looks in a row without an answer after which a replica is no target any more. */
const LOST_AFTER = 3;
/** What still runs on a replica that goes is waited for so long. */
const DRAIN_MS = 10 * 60_000;
/** A program that has ended so often while it loads is not going to be ready. */
const MOST_EXITS = 5;
const OVER = new Set(['ending', 'wiping', 'ended']);

/** One step of one replica towards what is wanted of it. Everything can be done twice; what fails is decided anew at the next look. */
export class ReplicaSteps {
  readonly #context: ServingContext;

  constructor(context: ServingContext) {
    this.#context = context;
  }

  /** @returns what changed; null: nothing. */
  async step(serving: ServingRow, replica: ReplicaRow): Promise<ReplicaChange | null> {
    if (replica.observed === 'ending' || replica.wanted === 'end') return this.#end(serving, replica);
    switch (replica.observed) {
      case 'asked': return replica.wanted === 'drain' ? { observed: 'ended', ended_at: this.#now() } : this.#lease(serving, replica);
      case 'leasing': return replica.wanted === 'drain' ? { observed: 'ending' } : this.#awaitLease(serving, replica);
      case 'preparing': return replica.wanted === 'drain' ? { observed: 'ending' } : this.#begin(serving, replica);
      case 'loading': return replica.wanted === 'drain' ? { observed: 'ending' } : this.#awaitModel(serving, replica);
      case 'ready': return replica.wanted === 'drain' ? { observed: 'draining', draining_at: this.#now() } : this.#look(serving, replica);
      case 'draining': return this.#drain(serving, replica);
      case 'ended': return null;
    }
  }

  async #lease(serving: ServingRow, replica: ReplicaRow): Promise<ReplicaChange | null> {
    const { fleet, access } = this.#context;
    const [fault] = wishFaults(leaseOf(serving));
    if (fault !== undefined) return changed(replica, `its wish for a machine is not one: ${fault.field} ${fault.why}. Stop it, and serve the model anew: tandem gpu stop ${serving.name}`);
    // The replica's id is the wish's own word: asked twice it is asked once.
    const lease = await fleet.leases.create(servingPrincipal(access, serving), leaseWish(serving, replica.id));
    return { lease_id: lease.id, observed: 'leasing', reason: lease.reason };
  }

  async #awaitLease(serving: ServingRow, replica: ReplicaRow): Promise<ReplicaChange | null> {
    const lease = await this.#leaseOf(serving, replica);
    if (OVER.has(lease.state)) return this.#gone(lease.reason);
    const [machine] = lease.machines;
    if (lease.state !== 'running' || machine === undefined) return changed(replica, lease.reason ?? `its lease is ${lease.state}`);
    return { observed: 'preparing', node_id: machine.machineId, leased_at: this.#now(), reason: 'the engine goes to the machine' };
  }

  async #begin(serving: ServingRow, replica: ReplicaRow): Promise<ReplicaChange> {
    const { engines, door } = this.#context;
    const { parallel, args } = settingsOf(serving);
    const job = await engines[serving.engine].job({ model: serving.model, servedAs: serving.name, port: REPLICA_PORT, gpus: gpusOf(leaseOf(serving)), contextTokens: serving.context_tokens, parallel, args });
    await door.begin(placeOf(replica), job);
    return { observed: 'loading', reason: 'the model is being loaded' };
  }

  async #awaitModel(serving: ServingRow, replica: ReplicaRow): Promise<ReplicaChange | null> {
    const { engines, door } = this.#context;
    const lease = await this.#leaseOf(serving, replica);
    if (OVER.has(lease.state)) return this.#gone(lease.reason);
    const place = placeOf(replica);
    const job = await door.job(place);
    if (job.exits >= MOST_EXITS) return { wanted: 'end', reason: `its program has ended ${job.exits} times: ${job.lastExit ?? 'unknown'}: ${lastLine(job.log)}`, output: storable(job.log) };
    if (!job.running) return changed(replica, job.lastExit === null ? 'its program is being started' : `its program is started again: ${job.lastExit}: ${lastLine(job.log)}`);
    const { status } = await door.get(place, engines[serving.engine].healthPath).catch(() => ({ status: 0 }));
    if (status !== 200) return changed(replica, 'the model is being loaded');
    return { observed: 'ready', ...(replica.ready_at === null && { ready_at: this.#now() }), failures: 0, reason: null };
  }

  /** Asks a replica how it is doing. One that does not answer is no target until it does again. */
  async #look(serving: ServingRow, replica: ReplicaRow): Promise<ReplicaChange | null> {
    const figures = await this.#figures(serving, replica);
    if (figures !== null) return JSON.stringify(figures) === JSON.stringify(replica.figures) && replica.failures === 0 ? null : { figures: JSON.stringify(figures), failures: 0, reason: null };
    const lease = await this.#leaseOf(serving, replica);
    if (OVER.has(lease.state)) return this.#gone(lease.reason);
    const failures = replica.failures + 1;
    return failures < LOST_AFTER ? { failures } : { observed: 'loading', failures: 0, reason: 'it does not answer' };
  }

  async #drain(serving: ServingRow, replica: ReplicaRow): Promise<ReplicaChange | null> {
    const figures = await this.#figures(serving, replica);
    const late = this.#context.clock.nowMs() - replica.draining_at!.getTime() >= DRAIN_MS;
    const busy = (figures?.running ?? 0) + (figures?.waiting ?? 0);
    if (figures === null || busy === 0 || late) return { observed: 'ending', reason: late ? 'what ran on it did not end in time' : null };
    return changed(replica, `${busy} answers are being finished`, { figures: JSON.stringify(figures) });
  }

  async #end(serving: ServingRow, replica: ReplicaRow): Promise<ReplicaChange | null> {
    const { fleet, access } = this.#context;
    if (replica.lease_id === null) return { observed: 'ended', ended_at: this.#now() };
    const lease = await this.#leaseOf(serving, replica);
    if (OVER.has(lease.state)) return { observed: 'ended', ended_at: this.#now() };
    await fleet.leases.end(servingPrincipal(access, serving), replica.lease_id).catch((error: unknown) => {
      // Somebody ended it in the same moment.
      if (!isTandemError(error, 'lease_state')) throw error;
    });
    return replica.observed === 'ending' ? null : { observed: 'ending' };
  }

  async #figures(serving: ServingRow, replica: ReplicaRow) {
    const { engines, door } = this.#context;
    const engine = engines[serving.engine];
    try {
      const { status, text } = await door.get(placeOf(replica), engine.metricsPath);
      return status === 200 ? engine.figures(text) : null;
    } catch {
      return null;
    }
  }

  async #leaseOf(serving: ServingRow, replica: ReplicaRow) {
    const { fleet, access } = this.#context;
    return (await fleet.leases.show(servingPrincipal(access, serving), replica.lease_id!)).lease;
  }

  #gone(reason: string | null): ReplicaChange {
    return { observed: 'ended', ended_at: this.#now(), reason: `its lease ended: ${reason ?? 'nobody said why'}` };
  }

  #now(): Date {
    return new Date(this.#context.clock.nowMs());
  }
}

/** Where a replica is that has a lease on a machine. */
export function placeOf({ node_id, lease_id }: Pick<ReplicaRow, 'node_id' | 'lease_id'>): ReplicaPlace {
  return { nodeId: node_id!, leaseId: lease_id! };
}

/** Whether answers run or wait on a replica, as it said last. */
export function busyOf(replica: Pick<ReplicaRow, 'figures'>): number {
  const figures = figuresOf(replica);
  return (figures?.running ?? 0) + (figures?.waiting ?? 0);
}

function changed(replica: ReplicaRow, reason: string, more: ReplicaChange = {}): ReplicaChange | null {
  return replica.reason === reason && Object.keys(more).length === 0 ? null : { ...more, reason };
}

/** Postgres keeps no zero byte in a text. */
function storable(log: string): string {
  return log.replaceAll('\0', '').toWellFormed();
}

/** What a program said last, as one line without anything that a terminal would act on. */
function lastLine(log: string): string {
  return printable(log.split('\n').findLast((line) => line.trim() !== '')?.trim() ?? 'it printed nothing').slice(0, 300);
}
