import { TandemError } from '../../base/index.ts';
import { holderOf, type PathNames } from '../holders/names.ts';
import type { CallLimits } from './call-limits.ts';
import type { Counter } from './counter.ts';
import type { Metric } from './limit.ts';

const WORDS: { readonly [M in Metric]: string } = { requests: 'requests a minute', tokens: 'tokens a minute', parallel: 'requests at once' };
/** When a place among parallel calls gets free nobody knows: a second is soon, and not a storm. */
const PARALLEL_RETRY_S = 1;

/** The 429: which limit, whose, and when to come back. */
export function limitReached(call: CallLimits, counter: Counter, nowMs: number, names: PathNames): TandemError {
  const { limit } = counter;
  const holder = holderOf(limit, counter.name, names);
  const needed = call.amountOf(limit.metric);
  const seconds = counter.endMs === null ? PARALLEL_RETRY_S : Math.max(1, Math.ceil((counter.endMs - nowMs) / 1_000));
  const facts = {
    limitId: limit.id, metric: limit.metric, limit: Number(limit.amount), scope: limit.scopeKind, scopeId: limit.scopeId, holder,
    ...(limit.subjectKind === null ? {} : { subject: limit.subjectKind }), needed: Number(needed), limits: call.figures(),
  };
  if (needed > limit.amount) {
    // Waiting does not help a call that is larger than a whole minute.
    return new TandemError('call_over_limit', {
      params: { needed: String(needed), what: WORDS[limit.metric], amount: String(limit.amount), holder }, ...(limit.metric === 'tokens' ? { param: 'max_tokens' } : {}), facts,
    });
  }
  return new TandemError('limit_reached', { params: { amount: String(limit.amount), what: WORDS[limit.metric], holder, seconds }, retryAfterSeconds: seconds, facts: { ...facts, retryAfterSeconds: seconds } });
}
