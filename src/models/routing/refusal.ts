import { TandemError } from '../../base/index.ts';
import type { NeutralRequest } from '../neutral/request.ts';
import type { PassedOver, RoutePlan } from './plan.ts';

const APIS: Readonly<Record<NonNullable<NeutralRequest['needs']['native']>['dialect'], string>> = { chat: 'Chat Completions', responses: 'Responses', messages: 'Messages', embeddings: 'embeddings' };

/**
 * What the caller is told when no target can be tried: what the request needs and none has, or when to come back.
 * @param nowMs UTC milliseconds.
 * @param native what of the request only backends of its own API run; null: nothing.
 */
export function noRoute(plan: RoutePlan, model: string, nowMs: number, native: NeutralRequest['needs']['native'] = null): TandemError {
  const { passed } = plan;
  const lacking = passed.filter(({ why }) => why === 'lacks');
  const others = passed.filter(({ why }) => why !== 'lacks');
  if (others.length === 0 && lacking.length > 0) {
    const field = lacking[0]!.detail;
    const reason = lacking.length === 1 ? 'the model cannot do it' : 'none of the models behind this name can do it';
    return new TandemError('unsupported_parameter', { params: { field, model, reason: native?.what === field ? `only a backend that speaks ${APIS[native.dialect]} runs it, and none behind this name does` : reason } });
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
