import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isTandemError } from '../../base/index.ts';
import { FakeBackend } from '../testing/fake-backend.ts';
import { TestHouse, ask } from '../testing/house.ts';
import { MemorySink } from '../testing/memory-sink.ts';
import { STREAM } from '../testing/openai-fixtures.ts';

let backend: FakeBackend;
let url: string;
beforeAll(async () => {
  backend = new FakeBackend();
  url = await backend.start();
});
afterAll(() => backend.stop());

const piece = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...STREAM) },
  { weight: 1, arbitrary: fc.constantFrom('data: {}\n\n', 'data: null\n\n', 'data: {"choices":[null]}\n\n', 'data: {"choices":[{"delta":7}]}\n\n', 'data: {"error":"x"}\n\n', 'data: {"choices":[],"usage":{"prompt_tokens":-1}}\n\n', ': x\n', '\r', 'event: error\n', 'data: [DONE]') },
  { weight: 1, arbitrary: fc.string() },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)) },
);

test('whatever a backend sends and whenever the client leaves, the hold ends once and the reply ends honestly', async () => {
  await fc.assert(fc.asyncProperty(fc.array(piece, { maxLength: 12 }), fc.constantFrom({}, { cut: true }, { open: true }), fc.option(fc.nat(6)), fc.boolean(), async (pieces, how, leaveAfter, slow) => {
    const house = new TestHouse({ url });
    const sink = new MemorySink();
    const left = new AbortController();
    backend.stream(pieces, how);
    let writes = 0;
    sink.slow = slow;
    sink.onWrite = () => {
      writes += 1;
      if (writes === leaveAfter) left.abort();
      if (slow) setImmediate(() => sink.drain());
    };
    // A backend that keeps its answer open would wait for a deadline: here the client leaves it.
    if ('open' in how) setTimeout(() => left.abort(), 40);
    let thrown: unknown;
    await house.chat(ask({ stream: true }), { sink, signal: left.signal }).catch((error: unknown) => { thrown = error; });
    const { settled, released } = house.ledger.only();
    expect([settled, released].filter((end) => end !== undefined)).toHaveLength(1);
    if (thrown !== undefined) {
      expect(isTandemError(thrown)).toBe(true);
      expect([sink.started, released !== undefined]).toEqual([false, true]);
    } else if (sink.ended) {
      const last = sink.frames.at(-1)!;
      if (last === '[DONE]') expect(settled?.outcome).toBe('completed');
      else expect(JSON.parse(last)).toHaveProperty('error.code');
    } else {
      expect(left.signal.aborted).toBe(true);
    }
    for (const frame of sink.frames) if (frame !== '[DONE]') expect(() => JSON.parse(frame) as unknown).not.toThrow();
    await house.remote.destroy();
  }), { numRuns: 150 });
}, 60_000);
