import type { Clock, SecretBox } from '../../base/index.ts';
import type { EgressPolicy, Resolve } from '../../base/egress/index.ts';
import type { Database } from '../../db/index.ts';
import type { Health } from '../health.ts';
import type { LocalEngine } from '../local/index.ts';
import type { AccessPort, PricePort } from '../ports.ts';
import type { RouteStates } from '../routing/states.ts';
import type { Catalogue } from './catalogue.ts';
import type { Backend } from './target.ts';

/** What the operations on aliases and backends work with. */
export interface RegistryTools {
  readonly database: Database;
  readonly access: AccessPort;
  readonly prices: PricePort;
  readonly catalogue: Catalogue;
  readonly secrets: SecretBox;
  readonly policy: EgressPolicy;
  readonly resolve: Resolve;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly states: RouteStates;
  readonly healthOf: (backend: Backend) => Health;
}

/** How a backend is doing: the engine says it itself, the others by what calls have shown. */
export function healthOf(backend: Backend, engine: LocalEngine | null): Health {
  // A served model that sleeps is not at fault: the next call begins a replica.
  if (backend.from === 'fleet' && backend.connections.length === 0) return { state: 'unknown', reason: 'no replica answers now', sinceMs: null };
  if (backend.kind !== 'local') return backend.remote?.health() ?? { state: 'unavailable', reason: 'its key cannot be opened', sinceMs: null };
  if (!engine) return { state: 'unavailable', reason: 'it is switched off', sinceMs: null };
  const { state, reason, since } = engine.state();
  const shown = state === 'ready' ? 'ready' : state === 'starting' || state === 'restarting' ? 'starting' : 'unavailable';
  return { state: shown, reason: reason ?? null, sinceMs: since };
}
