import type { Executor } from '../../db/index.ts';
import type { Connect } from '../registry/build.ts';
import { NO_LIMITS, PLAIN_TARGET, type Alias, type Backend, type CallLimits, type Target } from '../registry/target.ts';
import type { ReplicaDoor } from './replica-door.ts';
import { placeOf } from './replica-steps.ts';
import { usualColdStartMs, type ReplicaRow, type ServingRow } from './rows.ts';

/** Of which starts a forecast is made. */
const MOST_STARTS = 20;

/** Names of the registry whose targets are replicas: those that answer now, and one that stands for none where there is none. */
export async function servedNames(db: Executor, connect: Connect, door: ReplicaDoor, limits: CallLimits): Promise<{ backends: Backend[]; aliases: Alias[] }> {
  const servings = await db.selectFrom('servings').selectAll().where('stopped_at', 'is', null).where('wanted', '=', 'run').orderBy('created_at').execute();
  if (servings.length === 0) return { backends: [], aliases: [] };
  const ids = servings.map(({ id }) => id);
  const ready = await db.selectFrom('serving_replicas').selectAll().where('serving_id', 'in', ids).where('observed', '=', 'ready').orderBy('number').execute();
  const started = await db.selectFrom('serving_replicas').select(['serving_id', 'asked_at', 'ready_at']).where('serving_id', 'in', ids).where('ready_at', 'is not', null).orderBy('asked_at', 'desc').limit(MOST_STARTS * ids.length).execute();
  const backends: Backend[] = [];
  const aliases = servings.map((serving): Alias => {
    const own = ready.filter(({ serving_id }) => serving_id === serving.id).map((replica) => replicaBackend(serving, replica, connect, door));
    const all = own.length > 0 ? own : [noReplica(serving)];
    backends.push(...all);
    const createdAtMs = serving.created_at.getTime();
    const { name, organisation_id: organisationId } = serving;
    return {
      name, organisationId, goal: 'same-prefix', regions: [], limits, from: 'fleet', createdAtMs,
      serving: { id: serving.id, ready: own.length > 0, cold: serving.cold, coldStartMs: usualColdStartMs(started.filter(({ serving_id }) => serving_id === serving.id).slice(0, MOST_STARTS)) },
      targets: all.map((backend): Target => ({
        ...PLAIN_TARGET, alias: name, organisationId, backend, backendModel: name, contextTokens: serving.context_tokens, maxOutputTokens: serving.max_output_tokens, capField: 'max_tokens', createdAtMs,
        ...(serving.engine === 'embedded' && { can: { tools: false, images: false, files: false, schema: false, reasoning: false, logprobs: false } }),
      })),
    };
  });
  return { backends, aliases };
}

function replicaBackend(serving: ServingRow, replica: ReplicaRow, connect: Connect, door: ReplicaDoor): Backend {
  const base = { id: replica.id, name: `${serving.name}#${replica.number}`, kind: 'openai-compatible' as const, options: {} };
  // The name is in no DNS, and nothing connects to it.
  const remote = connect({ id: replica.id, backend: base, url: `http://${replica.id}.replica/v1`, key: null, dial: (place, done) => door.connect(placeOf(replica), place, done) });
  return {
    ...base, organisationId: serving.organisation_id, url: null, hasKey: false, enabled: true, from: 'fleet', createdAtMs: replica.asked_at.getTime(),
    connections: [{ id: replica.id, label: '', version: '', limits: NO_LIMITS, remote }], remote,
  };
}

/** By the serving's own id, so that what was told of it is found again. */
function noReplica(serving: ServingRow): Backend {
  return {
    id: serving.id, name: serving.name, kind: 'openai-compatible', options: {}, organisationId: serving.organisation_id, url: null, hasKey: false, enabled: false, from: 'fleet', createdAtMs: serving.created_at.getTime(), connections: [], remote: null,
  };
}
