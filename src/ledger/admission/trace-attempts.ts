import { noteSpan, tracing } from '../../base/trace.ts';
import type { CallEnd } from '../events/call.ts';
import type { Quantities } from '../prices/types.ts';

/**
 * A span for each try of a call that has ended, under the span of its request: what is booked of a try is what is
 * traced. Without somebody who listens it costs one comparison.
 */
export function traceAttempts(end: CallEnd, model: string, endedMs: number): void {
  if (!tracing()) return;
  const startedMs = endedMs - end.timings.totalMs;
  let at = end.timings.queueMs;
  for (const [index, attempt] of end.attempts.entries()) {
    const from = attempt.startedMs ?? at;
    at = from + attempt.ms;
    noteSpan(`${operationOf(end)} ${model}`, startedMs + from, startedMs + at, () => ({
      'gen_ai.operation.name': operationOf(end), 'gen_ai.request.model': model, 'gen_ai.response.model': attempt.backendModel,
      'gen_ai.usage.input_tokens': sum(attempt.quantities, ['input', 'cache_read', 'cache_write', 'cache_write_1h']), 'gen_ai.usage.output_tokens': sum(attempt.quantities, ['output', 'reasoning']),
      'tandem.attempt.number': index + 1, 'tandem.attempt.outcome': attempt.outcome, 'tandem.backend.id': attempt.backendId,
      ...(attempt.httpStatus === null ? {} : { 'http.response.status_code': attempt.httpStatus }),
    }), attempt.outcome === 'completed' || attempt.outcome === 'client_left' ? null : attempt.outcome);
  }
}

function operationOf(end: CallEnd): string {
  return end.dialect === 'embeddings' ? 'embeddings' : 'chat';
}

function sum(quantities: Quantities, buckets: readonly (keyof Quantities)[]): number {
  return buckets.reduce((total, bucket) => total + Number(quantities[bucket] ?? 0n), 0);
}
