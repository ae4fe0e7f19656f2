import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { TandemError } from '../../../base/index.ts';
import { BadReply } from '../../neutral/bad-reply.ts';
import type { BackendDialect, CallerDialect, ReplyEnd, ReplyReader, ReplyWriter } from '../../neutral/dialect.ts';
import { ANSWER_LOSSES } from '../answer-losses.ts';
import { BACKEND_DIALECTS, CALLER_DIALECTS } from '../dialects.ts';
import { FAILS, firstEvents } from './backends-fail.ts';
import { SAYS } from './backends-say.ts';
import { HEARS, type Hearing } from './callers-hear.ts';
import { ANSWERS, type Told } from './told.ts';

const TARGET = { model: 'm', contextTokens: null, maxOutputTokens: 1000, capField: 'max_tokens', options: {} } as const;
const FACTS = { id: '01900000-0000-7000-8000-0000000000ff', createdAtMs: 1_790_000_000_000, alias: 'team/model', serviceTier: 'default' };
const CALLERS = Object.keys(HEARS) as Hearing[];
const BACKENDS = Object.keys(SAYS) as (keyof typeof SAYS)[];
const PAIRS = CALLERS.flatMap((caller) => BACKENDS.map((backend) => [caller, backend] as const));

interface Pair {
  readonly caller: CallerDialect;
  readonly backend: BackendDialect;
}

function pair(caller: Hearing, backend: keyof typeof SAYS): Pair {
  return { caller: CALLER_DIALECTS[caller]!, backend: BACKEND_DIALECTS[backend] };
}

/** A stream through reader and writer, in pieces of so many bytes. */
function streamed({ caller, backend }: Pair, told: Told, bytes: Buffer, size: number): { frames: string; reader: ReplyReader; writer: ReplyWriter } {
  const request = caller.parse(asked(caller.name as Hearing, told, true), {});
  const reader = backend.reader(request);
  const writer = caller.writer(request, FACTS);
  let frames = '';
  const take = (events: ReturnType<ReplyReader['push']>) => { for (const event of events) frames += writer.event(event); };
  for (let from = 0; from < bytes.length && !reader.done; from += size) {
    take(reader.push(bytes.subarray(from, from + size)));
    if (reader.failure) throw reader.failure;
  }
  take(reader.end());
  return { frames, reader, writer };
}

const endOf = (counts: ReplyEnd['counts'], rawUsage: ReplyEnd['rawUsage']): ReplyEnd => ({ counts, rawUsage, receipt: null, endedAtMs: FACTS.createdAtMs + 1_000 });

/** What a caller hears of what a backend said: all of it, but for what the table of losses tells of answers. */
function heard(told: Told, caller: Hearing, backend: keyof typeof SAYS): Told {
  const { tokens } = told;
  const summed = backend === 'bedrock' ? { ...tokens, output: tokens.output + tokens.thought, thought: 0 } : tokens;
  const inText = told.refusal !== '' && (backend === 'messages' || caller === 'messages');
  const words = inText ? { text: told.refusal, refusal: '', end: caller === 'messages' ? 'refusal' as const : 'filtered' as const } : {};
  const ofCaller: Record<Hearing, Partial<Told>> = {
    chat: { tokens: { ...summed, input: summed.input + summed.written, written: 0 } },
    responses: { tokens: summed, stopText: null },
    messages: { tokens: summed, ...(told.end === 'filtered' && { end: 'refusal' }) },
  };
  return { ...told, ...ofCaller[caller], ...words };
}

/** Those that this backend has words for, and this caller has asked for. */
function answersOf(caller: Hearing, backend: keyof typeof SAYS): [string, Told][] {
  return Object.entries(ANSWERS).filter(([, told]) => SAYS[backend](told) !== null && (told.logprobs.length === 0 || HEARS[caller].logprobs !== null));
}

const asked = (caller: Hearing, told: Told, stream: boolean) => ({ ...HEARS[caller].request(stream), ...(told.logprobs.length > 0 && HEARS[caller].logprobs) });

describe.each(PAIRS)('a caller of %s and a backend of %s', (callerName, backendName) => {
  const both = pair(callerName, backendName);

  test('understand each other: what was asked is sent, with an output limit and under the backend\'s own model name', () => {
    for (const stream of [false, true]) {
      const request = both.caller.parse(HEARS[callerName].request(stream), {});
      expect(both.backend.cannot(request)).toBeNull();
      const out = both.backend.request(request, TARGET);
      const sent = out.path + out.body.toString();
      for (const word of ['Be brief.', 'Hello', 'get_weather', 'get_time', '50', 'city']) expect(sent).toContain(word);
      expect(sent).not.toContain('team/model');
      expect(out.outputBound).toBe(50);
      expect(out.inputBound).toBeGreaterThan(out.body.length);
    }
  });

  test.each(answersOf(callerName, backendName))('%s comes over, whole and streamed, however the bytes are cut', (_, told) => {
    const { caller, backend } = both;
    const said = SAYS[backendName](told)!;
    const request = caller.parse(asked(callerName, told, false), {});
    const reply = backend.whole(said.whole, request, {});
    const expected = heard(told, callerName, backendName);
    expect(reply.usage).not.toBeNull();
    expect(HEARS[callerName].whole(caller.writer(request, FACTS).whole(reply, endOf(reply.usage!, null)))).toEqual(expected);
    for (const size of [1, 7, said.stream.length]) {
      const { frames, reader, writer } = streamed(both, told, said.stream, size);
      expect(reader.usage).toEqual(reply.usage);
      expect(reader.finish).toBe(reply.finish ?? reply.choices.at(-1)!.finish);
      const all = frames + writer.end(endOf(reader.usage!, backend.native === callerName ? reader.rawUsage : null));
      expect(HEARS[callerName].stream(all)).toEqual(expected);
      expect([HEARS[callerName].clean(all), reader.pieces > 0]).toEqual([true, true]);
    }
  });

  test('lose nothing of an answer that the table of losses does not tell of', () => {
    const declared = ANSWER_LOSSES.filter(({ from, to }) => (from === backendName || from === 'every') && (to === callerName || to === 'every'));
    for (const [, told] of answersOf(callerName, backendName)) if (!isDeepStrictEqual(heard(told, callerName, backendName), told)) expect(declared).not.toEqual([]);
  });

  test.each(['busy', 'refused', 'failed'] as const)('an error in the middle (%s) is told as what it is, after the text that came before it in the same bytes', (fault) => {
    const request = both.caller.parse(HEARS[callerName].request(true), {});
    const { stream } = SAYS[backendName](ANSWERS['a text']!)!;
    const before = firstEvents(stream, { chat: 2, responses: 4, messages: 4, gemini: 1, bedrock: 2 }[backendName], backendName === 'bedrock');
    const reader = both.backend.reader(request);
    const events = reader.push(Buffer.concat([before, FAILS[backendName](fault)]));
    const writer = both.caller.writer(request, FACTS);
    expect(events.map((event) => writer.event(event)).join('')).toContain('Grüße');
    expect(reader.failure).toBeInstanceOf(BadReply);
    expect(reader.failure).toMatchObject({ said: 'So it is.', busy: fault === 'busy', refused: fault === 'refused' });
    expect(() => reader.push(stream)).toThrow(reader.failure!);
    expect(() => reader.end()).toThrow(reader.failure!);
    expect(() => both.backend.reader(request).push(FAILS[backendName](fault))).toThrow(BadReply);
  });

  test('a stream that is cut anywhere never ends as if it were whole', () => {
    const { stream } = SAYS[backendName](ANSWERS['a text, then a call']!)!;
    for (let length = 0; length < stream.length; length += 13) {
      const request = both.caller.parse(HEARS[callerName].request(true), {});
      const reader = both.backend.reader(request);
      const writer = both.caller.writer(request, FACTS);
      let frames = '';
      for (const event of reader.push(stream.subarray(0, length))) frames += writer.event(event);
      // Those whose last event only tells the usage, or nothing, are whole without it.
      if (reader.done || reader.finish !== null) continue;
      expect(() => reader.end()).toThrow(BadReply);
      if (frames === '') continue;
      frames += writer.error(new TandemError('backend_failed', { params: { backend: 'gpu', reason: 'its answer ended in the middle' } }));
      expect([HEARS[callerName].clean(frames), HEARS[callerName].failed(frames)]).toEqual([false, true]);
    }
  });
});
