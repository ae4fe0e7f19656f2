import { readEgressPolicy } from '../../base/egress/index.ts';
import { systemClock } from '../../base/index.ts';
import { DEFAULT_LIMITS, NO_LIMITS, PLAIN_TARGET, type Alias, type Backend, type Connection, type KeyLimits, type Target } from '../registry/target.ts';
import { RemoteBackend } from '../remote/remote-backend.ts';

const ORGANISATION = '01900000-0000-7000-8000-000000000001';
const POLICY = readEgressPolicy({ allow: ['127.0.0.0/8'] });

/** A backend that is never called: for decisions alone. */
export function testBackend(name: string, keys: readonly (Partial<KeyLimits> & { label: string })[] = [{ label: 'default' }], more: Partial<Backend> = {}): Backend {
  const remote = new RemoteBackend({ id: `id-of-${name}`, name, url: 'http://127.0.0.1:1/v1', key: null, policy: POLICY, connectTimeoutMs: 1_000, clock: systemClock });
  const connections = keys.map(({ label, ...limits }): Connection => ({ id: `${name}-${label}`, label, version: '', limits: { ...NO_LIMITS, ...limits }, remote }));
  return {
    id: `id-of-${name}`, name, kind: 'openai-compatible', organisationId: ORGANISATION, url: 'http://127.0.0.1:1/v1', options: {}, hasKey: true, enabled: true, from: 'api', createdAtMs: 0,
    connections, remote, ...more,
  };
}

export function testTarget(backend: Backend | string, more: Partial<Target> = {}): Target {
  return {
    ...PLAIN_TARGET, alias: 'team/big', organisationId: ORGANISATION, backend: typeof backend === 'string' ? testBackend(backend) : backend, backendModel: 'big-70b',
    contextTokens: null, maxOutputTokens: 1000, capField: 'max_tokens', createdAtMs: 0, ...more,
  };
}

export function testAlias(targets: readonly Target[], more: Partial<Alias> = {}): Alias {
  return { name: 'team/big', organisationId: ORGANISATION, goal: 'weights', regions: [], targets, limits: DEFAULT_LIMITS, from: 'api', createdAtMs: 0, ...more };
}
