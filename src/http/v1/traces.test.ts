import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
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

  it('traces each turn of a WebSocket as a request of its own, in the trace of the opening, and notes what failed', async () => {
    tracing.spans.reset();
    const socket = new WebSocket(`${house.url.replace('http', 'ws')}/v1/responses`, { headers: { authorization: `Bearer ${house.operator.adminKey}`, traceparent: PARENT } });
    await new Promise<void>((resolve, reject) => { socket.on('open', resolve).on('error', reject); });
    const turn = (body: object) => new Promise<{ type: string; error?: { code: string } }>((resolve) => {
      const hear = (data: unknown) => {
        const event = JSON.parse(String(data)) as { type: string };
        if (event.type !== 'response.completed' && event.type !== 'error') return;
        socket.off('message', hear);
        resolve(event);
      };
      socket.on('message', hear);
      socket.send(JSON.stringify({ type: 'response.create', ...body }));
    });
    expect((await turn({ model: 'tandem/local', input: 'a secret of mine', store: false })).type).toBe('response.completed');
    expect((await turn({ model: 'nope', input: 'x' })).error?.code).toBe('model_not_found');
    const spans = await vi.waitFor(() => {
      const ended = tracing.spans.getFinishedSpans();
      expect(ended.map(({ name }) => name).toSorted()).toEqual(['GET /v1/responses', 'WS /v1/responses', 'WS /v1/responses', 'chat tandem/local', 'tandem.admit', 'tandem.settle']);
      return ended;
    });
    expect(new Set(spans.map((span) => span.spanContext().traceId))).toEqual(new Set([TRACE]));
    const [good, bad] = spans.filter(({ name }) => name === 'WS /v1/responses').toSorted((a, b) => a.startTime[0] - b.startTime[0] || a.startTime[1] - b.startTime[1]);
    for (const name of ['chat tandem/local', 'tandem.admit', 'tandem.settle']) expect([name, spans.find((span) => span.name === name)!.parentSpanContext?.spanId]).toEqual([name, good!.spanContext().spanId]);
    expect(bad!.attributes['error.type']).toBe('model_not_found');
    expect(JSON.stringify(spans.map(({ name, attributes, events, status }) => ({ name, attributes, events, status })))).not.toContain('secret');
    socket.close();
    await house.ledger.sight.errorsWritten();
    const { items } = (await house.as(house.operator.adminKey)('GET', '/api/requests?code=model_not_found')).body as { items: object[] };
    expect(items).toMatchObject([{ id: bad!.attributes['tandem.request.id'], model: 'nope', dialect: 'responses', status: 404 }]);
  });

  it('notes an opening that is refused', async () => {
    tracing.spans.reset();
    const socket = new WebSocket(`${house.url.replace('http', 'ws')}/v1/responses`, { headers: { authorization: 'Bearer tdm_wrong' } });
    await new Promise<void>((resolve) => { socket.on('unexpected-response', () => resolve()).on('error', () => {}); });
    await vi.waitFor(() => expect(tracing.spans.getFinishedSpans().map(({ name, attributes }) => [name, attributes['error.type']])).toEqual([['GET /v1/responses', 'invalid_api_key']]));
    socket.terminate();
  });

  it('names an error by its code', async () => {
    tracing.spans.reset();
    await house.as('tdm_wrong')('POST', '/v1/chat/completions', call);
    await vi.waitFor(() => expect(tracing.spans.getFinishedSpans().map(({ attributes }) => attributes['error.type'])).toEqual(['invalid_api_key']));
  });
});
