import { TandemError } from '../../base/index.ts';
import { demand } from '../../access/index.ts';
import { isDuplicate, type Executor } from '../../db/index.ts';
import type { Principal } from '../ports.ts';
import { CHANNEL, type Catalogue } from '../registry/catalogue.ts';
import type { ServingContext } from './context.ts';
import { servingMoney } from './money.ts';
import { REPLICA_PORT } from './replica-door.ts';
import { placeOf } from './replica-steps.ts';
import { gpusOf, leaseWish, type ReplicaRow, type ServingRow, type ServingTerms } from './rows.ts';
import { replicaView, servingView, type ReplicaView, type ServingView } from './view.ts';

/** A model to be served from the fleet, as it is asked for. */
export interface NewServing extends ServingTerms {
  /** Null: the caller's own. */
  readonly projectId: string | null;
}

/** What is left out stays. */
export interface ServingChange {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly idleMinutes?: number | null | undefined;
  readonly cold?: ServingRow['cold'] | undefined;
}

/** The last that a program printed, at most 16 KiB; null: it is not known any more, or there was none. */
export interface ReplicaOutput {
  readonly replica: number | null;
  readonly running: boolean;
  readonly text: string | null;
}

const SHOWN_REPLICAS = 50;
/** A program of such a replica is on its machine. */
const PRINTS = new Set(['loading', 'ready', 'draining']);

/** Models that are served from the fleet: the operations of the control API. What becomes of them then is the keeper's. */
export class Servings {
  readonly #context: ServingContext;
  readonly #catalogue: Catalogue;

  constructor(context: ServingContext, catalogue: Catalogue) {
    this.#context = context;
    this.#catalogue = catalogue;
  }

  async list(principal: Principal): Promise<{ items: ServingView[]; nextCursor: null }> {
    demand(principal, 'models.read');
    let rows = this.#context.database.scoped(principal.organisationId).selectFrom('servings').selectAll().where('stopped_at', 'is', null).orderBy('created_at', 'desc');
    if (principal.projectId !== null) rows = rows.where('project_id', '=', principal.projectId);
    return { items: await Promise.all((await rows.execute()).map(async (row) => this.#view(principal, row, await this.#replicas(principal, row.id)))), nextCursor: null };
  }

  /** @throws TandemError resource_not_found. */
  async show(principal: Principal, id: string): Promise<{ serving: ServingView; replicas: ReplicaView[] }> {
    demand(principal, 'models.read');
    const row = await this.#read(principal, id);
    const replicas = await this.#replicas(principal, row.id);
    return { serving: await this.#view(principal, row, replicas), replicas: replicas.map(replicaView) };
  }

  /**
   * What the program of a replica printed last, with that of its earlier starts: of one that runs, or of one that never became ready.
   * @param number of the replica; undefined: the newest that has printed anything.
   * @throws TandemError resource_not_found, node_unreachable, node_refused.
   */
  async output(principal: Principal, id: string, number?: number): Promise<ReplicaOutput> {
    demand(principal, 'models.write');
    const row = await this.#read(principal, id);
    const replicas = (await this.#replicas(principal, row.id)).filter((one) => number === undefined || one.number === number);
    for (const replica of replicas) {
      const runs = PRINTS.has(replica.observed);
      if (!runs && replica.output === null) continue;
      const job = runs ? await this.#context.door.job(placeOf(replica)) : { running: false, exits: 0, lastExit: null, log: replica.output! };
      return { replica: replica.number, running: job.running, text: job.log };
    }
    return { replica: replicas[0]?.number ?? null, running: false, text: null };
  }

  /**
   * Begins to serve a model by a name. Its first replica is asked for at once, also where there may be none later, so that what does not work is seen.
   * @throws TandemError serving_refused, name_taken, and as a quote of the lease does.
   */
  async create(principal: Principal, input: NewServing): Promise<{ serving: ServingView; replicas: ReplicaView[] }> {
    demand(principal, 'models.write');
    const { database, clock, newId, access, engines, fleet } = this.#context;
    if (input.min > input.max) throw refused('there cannot be more replicas at least than at most');
    const projectId = this.#projectOf(principal, input.projectId);
    const { parallel, args, targetFirstTokenMs } = input;
    // What the engine or the fleet cannot do is said before anything is kept.
    await engines[input.engine].job({ model: input.model, servedAs: input.name, port: REPLICA_PORT, gpus: gpusOf(input.lease), contextTokens: input.contextTokens, parallel, args });
    const lease = JSON.stringify(input.lease);
    await fleet.leases.quote(principal, leaseWish({ name: input.name, project_id: projectId, at_most: input.atMost, lease: { ...input.lease } }, ''));
    if (this.#taken(principal, input.name)) throw taken(input.name);
    const [id, now] = [newId(), new Date(clock.nowMs())];
    try {
      await database.transaction(async (tx) => {
        await access.projects.demandOpen(tx, principal.organisationId, projectId);
        await database.scoped(principal.organisationId, tx).insertInto('servings', {
          id, project_id: projectId, name: input.name, model: input.model, engine: input.engine, settings: JSON.stringify({ parallel, args, targetFirstTokenMs }), lease, min_replicas: input.min, max_replicas: input.max, idle_minutes: input.idleMinutes,
          cold: input.cold, at_most: input.atMost, context_tokens: input.contextTokens, max_output_tokens: input.maxOutputTokens, asked_by: principal.actor.label, replicas: Math.max(1, input.min), scaled_at: now, created_at: now,
        }).execute();
        await this.#changed(tx, id);
        await access.audit.record(tx, principal, { action: 'serving.create', resourceKind: 'serving', resourceId: id, change: { name: input.name, model: input.model, engine: input.engine, min: input.min, max: input.max, lease: input.lease } });
      });
    } catch (error) {
      if (isDuplicate(error)) throw taken(input.name);
      throw error;
    }
    await this.#catalogue.reload();
    return this.show(principal, id);
  }

  /** What of a project is served, in words; empty: nothing. */
  async holds(tx: Executor, organisationId: string, projectId: string): Promise<string[]> {
    const { length } = await this.#context.database.scoped(organisationId, tx).selectFrom('servings').select('id').where('project_id', '=', projectId).where('stopped_at', 'is', null).execute();
    return length === 0 ? [] : [`${length} served model${length === 1 ? '' : 's'}`];
  }

  /** Changes between how many replicas it goes. @throws TandemError resource_not_found, serving_refused. */
  async scale(principal: Principal, id: string, input: ServingChange): Promise<{ serving: ServingView; replicas: ReplicaView[] }> {
    return this.#change(principal, id, 'serving.scale', input, async (own, row) => {
      const [min, max] = [input.min ?? row.min_replicas, input.max ?? row.max_replicas];
      if (min > max) throw refused('there cannot be more replicas at least than at most');
      await own.set({ min_replicas: min, max_replicas: max, ...(input.idleMinutes !== undefined && { idle_minutes: input.idleMinutes }), ...(input.cold !== undefined && { cold: input.cold }) }).where('id', '=', row.id).execute();
    });
  }

  /** Its replicas finish what runs on them, and their leases end; the name leads nowhere from now on. @throws TandemError resource_not_found. */
  async stop(principal: Principal, id: string): Promise<{ serving: ServingView; replicas: ReplicaView[] }> {
    return this.#change(principal, id, 'serving.stop', {}, async (own, row) => {
      await own.set({ wanted: 'stop', reason: `stopped by ${principal.actor.label}` }).where('id', '=', row.id).execute();
    });
  }

  async #change(principal: Principal, id: string, action: string, change: object, work: (own: ReturnType<ReturnType<ServingContext['database']['scoped']>['updateTable']>, row: ServingRow) => Promise<void>) {
    demand(principal, 'models.write');
    const { database, access } = this.#context;
    const row = await this.#read(principal, id);
    if (row.wanted === 'stop') throw refused(`${row.name} was stopped`);
    await database.transaction(async (tx) => {
      await work(database.scoped(principal.organisationId, tx).updateTable('servings') as never, row);
      await this.#changed(tx, row.id);
      await access.audit.record(tx, principal, { action, resourceKind: 'serving', resourceId: row.id, change: { name: row.name, ...change } });
    });
    await this.#catalogue.reload();
    return this.show(principal, row.id);
  }

  #changed(tx: Executor, id: string): Promise<void> {
    return this.#context.database.notify(tx, CHANNEL, id);
  }

  #projectOf(principal: Principal, projectId: string | null): string {
    const { directory } = this.#context.access;
    if (projectId === null) return directory.projectFor(principal);
    const project = directory.project(projectId);
    if (project?.organisationId !== principal.organisationId) throw new TandemError('resource_not_found', { params: { kind: 'project', id: projectId, verb: 'projects' } });
    if (project.archivedAtMs !== null) throw new TandemError('project_archived', { params: { name: project.name }, param: 'projectId' });
    return projectId;
  }

  #taken(principal: Principal, name: string): boolean {
    return this.#catalogue.registry.visible({ organisationId: principal.organisationId, allowedModels: null }).some((alias) => alias.name === name && alias.organisationId === principal.organisationId);
  }

  async #read(principal: Principal, id: string): Promise<ServingRow> {
    const row = await this.#context.database.scoped(principal.organisationId).selectFrom('servings').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined || (principal.projectId !== null && principal.projectId !== row.project_id)) throw new TandemError('resource_not_found', { params: { kind: 'serving', id, verb: 'gpu list' } });
    return row;
  }

  async #replicas(principal: Principal, servingId: string): Promise<ReplicaRow[]> {
    return this.#context.database.scoped(principal.organisationId).selectFrom('serving_replicas').selectAll().where('serving_id', '=', servingId).orderBy('number', 'desc').limit(SHOWN_REPLICAS).execute();
  }

  async #view(principal: Principal, row: ServingRow, replicas: readonly ReplicaRow[]): Promise<ServingView> {
    return servingView(row, replicas, await servingMoney(this.#context, principal, row));
  }
}

function refused(reason: string): TandemError {
  return new TandemError('serving_refused', { params: { reason } });
}

function taken(name: string): TandemError {
  return new TandemError('name_taken', { params: { kind: 'model', name }, param: 'name' });
}
