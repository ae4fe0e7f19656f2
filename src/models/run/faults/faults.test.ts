import { afterEach, describe, expect, test } from 'vitest';
import { ManualClock, isTandemError } from '../../../base/index.ts';
import { TestHouse, ask } from '../../testing/house.ts';
import { MemorySink } from '../../testing/memory-sink.ts';
import { FAULTS, WIDE_FAULTS, type FaultOutcome, type FaultRow, type WideFault } from './fault-table.ts';
import * as make from './fault-servers.ts';

const CASES: Readonly<Record<string, () => Promise<make.FaultyBackend>>> = {
  'connection refused': make.refusing,
  'name without an address (DNS)': make.nameless,
  'certificate not accepted (TLS)': make.untrusted,
  'reset before the request is read': make.resetAtOnce,
  'reset after the request, before the answer': make.reset,
  'reset after the head': make.resetAfterHead,
  'reset before the first word': () => make.partly(1, 'reset'),
  'reset in the middle': () => make.partly(2, 'reset'),
  'no first byte': make.silent,
  'stalled before the first word': () => make.partly(1, 'silence'),
  'stalled in the middle': () => make.partly(2, 'silence'),
  'ends in the middle, as if all were well': () => make.partly(2, 'end'),
  'last event cut in half': () => make.body('text/event-stream', `${'data: {"choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\n'}data: {"choices":[{"index":0,"del`),
  '429 with retry-after: 7': () => make.status(429, { 'retry-after': '7' }),
  '429 without retry-after': () => make.status(429),
  '401': () => make.status(401),
  '500': () => make.status(500),
  '503': () => make.status(503),
  '400': () => make.status(400),
  'garbage instead of JSON': () => make.body('application/json', '{"choices": [{'),
  'garbage in an event': () => make.body('text/event-stream', 'data: {"choices":[{"del\n\n'),
  'an error inside the answer': () => make.inside({ message: 'CUDA out of memory' }),
  'an error inside the answer: busy': () => make.inside({ message: 'Rate limit reached', type: 'rate_limit_error', code: 'rate_limit_exceeded' }),
  'an error inside the answer: a wrong request': () => make.inside({ message: 'This model\'s maximum context length is 4096 tokens', type: 'BadRequestError', code: 400 }),
  'wrong content type': () => make.body('text/html', '<html>Welcome</html>'),
};

const started: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of started.splice(0)) await one.stop();
});

async function observe({ fault, reply }: FaultRow, withSecond: boolean): Promise<FaultOutcome> {
  const faulty = await CASES[fault]!();
  const well = await make.healthy();
  const clock = new ManualClock();
  const house = new TestHouse({ url: faulty.url, clock, ...(withSecond && { others: [{ url: well.url }] }), limits: { headMs: 20_000, firstTokenMs: 20_000, gapMs: 10_000, wholeMs: 60_000 } });
  started.push(faulty, well, { stop: () => house.close() });
  const sink = new MemorySink();
  let spoke = () => {};
  const speaks = new Promise<void>((resolve) => { spoke = resolve; });
  sink.onWrite = () => spoke();
  const streamed = reply === 'streamed';
  const call = house.chat(ask({ stream: streamed }), { sink }).then(() => seen(sink), (error: unknown) => {
    if (!isTandemError(error)) throw error;
    return `${error.status} ${error.code}${error.retryAfterSeconds === undefined ? '' : `, retry-after ${error.retryAfterSeconds}`}`;
  });
  // The clock goes on when the backend has said what it will ever say, and the caller has read it.
  if (fault.startsWith('stalled in') && streamed) await Promise.all([faulty.waits, speaks]).then(() => clock.advance(10_000));
  else if (fault.startsWith('stalled') || fault === 'no first byte') await faulty.waits!.then(() => clock.advance(20_000));
  // Of a whole answer what came by then is looked at once more, a gap later.
  if (fault.startsWith('stalled') && !streamed) await new Promise((resolve) => { setImmediate(resolve); }).then(() => clock.advance(10_000));
  const client = await call;
  const { settled } = house.ledger.only();
  return {
    client, calls: withSecond ? [faulty.calls(), well.calls()] : [faulty.calls()],
    charged: settled === undefined ? 'nothing' : settled.outcome === 'completed' ? 'the answer' : 'what was delivered',
  };
}

function seen(sink: MemorySink): string {
  if (!sink.headers['content-type']?.startsWith('text/event-stream')) return 'the answer';
  const last = sink.frames.at(-1)!;
  return last === '[DONE]' ? 'the answer' : `what was delivered, then an error in the stream: ${(JSON.parse(last) as { error: { code: string } }).error.code}`;
}

describe('of a backend with a fault', () => {
  test('every case has its rows', () => {
    expect([...new Set(FAULTS.map(({ fault }) => fault))].sort()).toEqual(Object.keys(CASES).sort());
  });

  test.each(FAULTS.map((row) => [row.fault, row.reply, row] as const))('%s (%s): client, calls and charge are as the table says', async (_, __, row) => {
    expect({ alone: await observe(row, false), second: await observe(row, true) }).toEqual({ alone: row.alone, second: row.second });
  });

  test('whole regions: what is well elsewhere answers, within the attempts that a call has', async () => {
    const refusing = await Promise.all([make.status(503), make.status(503), make.status(503)]);
    const well = await make.healthy();
    const [first, ...others] = [...refusing.map(({ url }) => ({ url, region: 'near' })), { url: well.url, region: 'far' }];
    const house = new TestHouse({ ...first!, others, regions: ['near', 'far'] });
    started.push(...refusing, well, { stop: () => house.close() });
    const sink = new MemorySink();
    await house.chat(ask({ stream: true }), { sink });
    expect({ clients: seen(sink), calls: [...refusing, well].map(({ calls }) => calls()), charged: house.ledger.only().settled?.outcome === 'completed' ? 'the answer' : '' }).toEqual(without(WIDE_FAULTS.region));
  });

  test('that comes and goes: no client notices, and the breaker spares it calls', async () => {
    const faulty = await make.flapping();
    const well = await make.healthy();
    const house = new TestHouse({ url: faulty.url, others: [{ url: well.url }], clock: new ManualClock() });
    started.push(faulty, well, { stop: () => house.close() });
    let answers = 0;
    for (let call = 0; call < 20; call += 1) {
      const sink = new MemorySink();
      await house.chat(ask({ stream: call % 3 === 0 }), { sink });
      if (seen(sink) === 'the answer') answers += 1;
    }
    const charged = house.ledger.entries.filter(({ settled }) => settled?.outcome === 'completed').length;
    expect({ clients: `${answers} times the answer`, calls: [faulty.calls(), well.calls()], charged: `${charged} answers` }).toEqual(without(WIDE_FAULTS.flapping));
  });
});

function without({ clients, calls, charged }: WideFault): Omit<WideFault, 'fault'> {
  return { clients, calls, charged };
}
