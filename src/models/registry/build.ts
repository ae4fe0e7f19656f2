import type { Selectable } from 'kysely';
import type { Schema } from '../../db/index.ts';
import type { RemoteBackend, RemoteOptions } from '../remote/remote-backend.ts';
import { callLimits, limitsForm } from './forms.ts';
import { fixedId, type OperatorFile } from './operator-file.ts';
import { BACKEND_KINDS, GOALS, NO_LIMITS, PLAIN_TARGET, type Alias, type Backend, type BackendKind, type CallLimits, type Connection, type Goal, type Target } from './target.ts';

const LOCAL_ALIAS = 'tandem/local';

/** What connects to a backend with one key, or none. */
export interface ConnectionWish {
  /** The key's id; the backend's where there is no key. */
  readonly id: string;
  readonly backend: Pick<Backend, 'id' | 'name' | 'kind' | 'options'>;
  readonly url: string;
  readonly key: string | null;
  /** Opens its sockets, where they do not go to the address. */
  readonly dial?: RemoteOptions['dial'];
}

export type Connect = (wish: ConnectionWish) => RemoteBackend;
/** `undefined` when the key cannot be opened. */
export type OpenKey = (row: Selectable<Schema['backend_keys']>) => string | undefined;

export interface Rows {
  readonly backends: readonly Selectable<Schema['backends']>[];
  readonly keys: readonly Selectable<Schema['backend_keys']>[];
  readonly aliases: readonly Selectable<Schema['model_aliases']>[];
  readonly targets: readonly Selectable<Schema['model_targets']>[];
}

interface Operators {
  readonly organisationId: string;
  readonly file: OperatorFile;
  readonly local: { readonly model: string; readonly contextTokens: number };
  readonly startedMs: number;
}

/** The server's own backend and those of the operator's file, with their names. */
export function buildOperators({ organisationId, file, local, startedMs }: Operators, connect: Connect): { backends: Backend[]; aliases: Alias[] } {
  const common = { organisationId, enabled: true, createdAtMs: startedMs };
  const engine: Backend = { ...common, id: fixedId('built-in:local'), name: 'local', kind: 'local', url: null, options: {}, hasKey: false, from: 'built-in', connections: [], remote: null };
  const backends = [engine, ...file.backends.map((given): Backend => {
    const base = { id: given.id, name: given.name, kind: given.kind, options: given.options };
    const connections = given.keys.length === 0
      ? [keyless(given.id, connect({ id: given.id, backend: base, url: given.url, key: null }))]
      : given.keys.map(({ id, label, key, limits }): Connection => ({ id, label, version: '', limits, remote: connect({ id, backend: base, url: given.url, key }) }));
    return { ...common, ...base, url: given.url, hasKey: given.keys.length > 0, from: 'config', connections, remote: connections[0]!.remote };
  })];
  const byName = new Map(backends.map((backend) => [backend.name, backend]));
  const own: Target = {
    ...PLAIN_TARGET, alias: LOCAL_ALIAS, organisationId, backend: engine, backendModel: local.model, contextTokens: local.contextTokens, maxOutputTokens: local.contextTokens,
    capField: 'max_tokens', createdAtMs: startedMs,
  };
  const aliases = [{ name: LOCAL_ALIAS, organisationId, goal: 'weights' as const, regions: [], targets: [own], limits: file.limits, from: 'built-in' as const, createdAtMs: startedMs }, ...file.models.map((given): Alias => ({
    name: given.name, organisationId, goal: given.goal, regions: given.regions, limits: callLimits(given.limits, file.limits), from: 'config', createdAtMs: startedMs,
    targets: given.targets.map(({ backend, model, outputLimitField, ...target }): Target => {
      const found = byName.get(backend)!;
      const isLocal = found.kind === 'local';
      // The engine's own limits hold for it, whatever the file says.
      return {
        ...target, alias: given.name, organisationId, backend: found, backendModel: isLocal ? local.model : model, capField: outputLimitField, createdAtMs: startedMs,
        ...(isLocal && { contextTokens: local.contextTokens, maxOutputTokens: local.contextTokens }),
      };
    }),
  }))];
  return { backends, aliases };
}

/** Backends and names of the API. A target whose backend left the operator's file leads nowhere, and so does a name that has no other. */
export function buildRows(rows: Rows, known: readonly Backend[], limits: CallLimits, connect: Connect, openKey: OpenKey): { backends: Backend[]; aliases: Alias[] } {
  const keysOf = Map.groupBy(rows.keys, (row) => row.backend_id);
  const backends = rows.backends.map((row): Backend => {
    const base = { id: row.id, name: row.name, kind: kindOf(row.kind), options: row.options };
    const keys = keysOf.get(row.id) ?? [];
    const connections = keys.length === 0 ? [keyless(row.id, connect({ id: row.id, backend: base, url: row.url, key: null }))] : keys.map((keyRow): Connection => {
      const key = openKey(keyRow);
      return {
        id: keyRow.id, label: keyRow.label, version: keyRow.updated_at.toISOString(),
        limits: { requestsPerMinute: keyRow.requests_per_minute, tokensPerMinute: keyRow.tokens_per_minute, parallel: keyRow.parallel },
        remote: key === undefined ? null : connect({ id: keyRow.id, backend: base, url: row.url, key }),
      };
    });
    return {
      ...base, organisationId: row.organisation_id, url: row.url, hasKey: keys.length > 0, enabled: row.enabled, from: 'api', createdAtMs: row.created_at.getTime(),
      connections, remote: connections.find(({ remote }) => remote !== null)?.remote ?? null,
    };
  });
  const byId = new Map([...known, ...backends].map((backend) => [backend.id, backend]));
  const targetsOf = Map.groupBy(rows.targets, (row) => `${row.organisation_id} ${row.alias}`);
  const aliases = rows.aliases.flatMap((row): Alias[] => {
    const createdAtMs = row.created_at.getTime();
    const targets = (targetsOf.get(`${row.organisation_id} ${row.name}`) ?? []).flatMap((target): Target[] => {
      const backend = byId.get(target.backend_id);
      if (!backend) return [];
      return [{
        alias: row.name, organisationId: row.organisation_id, backend, backendModel: target.backend_model, contextTokens: target.context_tokens, maxOutputTokens: target.max_output_tokens,
        capField: target.cap_field, can: target.can, weight: target.weight, order: target.rank, region: target.region, enabled: target.enabled, createdAtMs,
      }];
    });
    if (targets.length === 0) return [];
    return [{ name: row.name, organisationId: row.organisation_id, goal: goalOf(row.goal), regions: row.regions, targets, limits: callLimits(limitsForm.catch({}).parse(row.limits), limits), from: 'api', createdAtMs }];
  });
  return { backends, aliases };
}

function keyless(id: string, remote: RemoteBackend): Connection {
  return { id, label: '', version: '', limits: NO_LIMITS, remote };
}

/** A word of a newer version is read as the plainest there is. */
function kindOf(text: string): BackendKind {
  return BACKEND_KINDS.find((kind) => kind === text) ?? 'openai-compatible';
}

function goalOf(text: string): Goal {
  return GOALS.find((goal) => goal === text) ?? 'weights';
}
