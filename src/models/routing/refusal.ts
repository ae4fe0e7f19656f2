import { TandemError } from '../../base/index.ts';
import type { PassedOver, RoutePlan } from './plan.ts';

/**
 * What the caller is told when no target can be tried: what the request needs and none has, or when to come back.
 * @param nowMs UTC milliseconds.
 */
export function noRoute(plan: RoutePlan, model: string, nowMs: number): TandemError {
  const { passed } = plan;
  const lacking = passed.filter(({ why }) => why === 'lacks');
  const others = passed.filter(({ why }) => why !== 'lacks');
  if (others.length === 0 && lacking.length > 0) {
    return new TandemError('unsupported_parameter', { params: { field: lacking[0]!.detail, model, reason: lacking.length === 1 ? 'the model cannot do it' : 'none of the models behind this name can do it' } });
  }
  const soonest = others.toSorted((a, b) => timeOf(a) - timeOf(b))[0];
  if (!soonest) return new TandemError('backend_unreachable', { params: { backend: model, reason: 'it has no target' } });
  const retryAfterSeconds = soonest.againAtMs === null ? undefined : Math.max(1, Math.ceil((soonest.againAtMs - nowMs) / 1000));
  const backend = soonest.target.backend.name;
  const again = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  if (soonest.why === 'keys' && soonest.againAtMs !== null) return new TandemError('backend_busy', { params: { backend }, detail: soonest.detail, ...again });
  return new TandemError('backend_unreachable', { params: { backend, reason: soonest.why === 'open' ? `it failed too often and is left alone for a while (${soonest.detail})` : soonest.detail }, ...again });
}

function timeOf({ againAtMs }: PassedOver): number {
  return againAtMs ?? Number.POSITIVE_INFINITY;
}
