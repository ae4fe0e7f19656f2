import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { inRequestSpan, inSpan, traceHeaders } from '../../base/trace.ts';
import { registerTracing } from '../../base/testing/tracing.ts';
import { openWholeHouse, type WholeHouse } from '../testing/whole-house.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = `00-${TRACE}-b7ad6b7169203331-01`;
const call = { model: 'tandem/local', messages: [{ role: 'user', content: 'a secret of mine' }] };

describe('without an SDK', () => {
  it('does the work and nothing else: no header, and no look at what a span would say', async () => {
    const attributes = vi.fn(() => ({}));
    expect(await inRequestSpan('a', { traceparent: PARENT }, attributes, async (span) => [span, await inSpan('b', attributes, async () => traceHeaders())])).toEqual([null, []]);
    expect(attributes).not.toHaveBeenCalled();
  });
});

describe('with an SDK', () => {
  let house: WholeHouse;
  let tracing: ReturnType<typeof registerTracing>;
  beforeAll(async () => {
    tracing = registerTracing();
    house = await openWholeHouse();
  });
  afterAll(async () => {
    await house[Symbol.asyncDispose]();
    await tracing.stop();
  });

  it('continues the caller\'s trace: request, admission, attempt and settlement, without a word of content', async () => {
    tracing.spans.reset();
    const reply = await house.as(house.operator.adminKey)('POST', '/v1/chat/completions', call, { authorization: `Bearer ${house.operator.adminKey}`, traceparent: PARENT });
    expect(reply.status).toBe(200);
    const spans = await vi.waitFor(() => {
      const ended = tracing.spans.getFinishedSpans();
      expect(ended.map(({ name }) => name).toSorted()).toEqual(['POST /v1/chat/completions', 'chat tandem/local', 'tandem.admit', 'tandem.settle']);
      return ended;
    });
    const named = (name: string) => spans.find((span) => span.name === name)!;
    const request = named('POST /v1/chat/completions');
    expect(request.spanContext().traceId).toBe(TRACE);
    expect(request.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
    expect(request.attributes['tandem.request.id']).toBe(reply.headers.get('x-request-id'));
    for (const name of ['chat tandem/local', 'tandem.admit', 'tandem.settle']) expect([name, named(name).parentSpanContext?.spanId]).toEqual([name, request.spanContext().spanId]);
    expect(named('chat tandem/local').attributes).toMatchObject({ 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'tandem/local', 'tandem.attempt.outcome': 'completed', 'gen_ai.usage.output_tokens': expect.any(Number) as number });
    const told = JSON.stringify(spans.map(({ name, attributes, events, status }) => ({ name, attributes, events, status })));
    expect(told).not.toContain('secret');
    expect(told).not.toContain(house.operator.adminKey);
  });

  it('names an error by its code', async () => {
    tracing.spans.reset();
    await house.as('tdm_wrong')('POST', '/v1/chat/completions', call);
    await vi.waitFor(() => expect(tracing.spans.getFinishedSpans().map(({ attributes }) => attributes['error.type'])).toEqual(['invalid_api_key']));
  });
});
