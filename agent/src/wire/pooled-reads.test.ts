import { Readable, Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PooledReads } from './pooled-reads.ts';

const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

/** A socket as Node has one that reads by `onread`, with bytes that count up; and a sink whose writes are done when the test says so. */
class Harness {
  readonly reads = new PooledReads();
  readonly from = new Readable({ read() {} });
  readonly source = {
    resume: () => {
      this.paused = false;
      return this.from.resume();
    },
    once: this.from.once.bind(this.from), readableEnded: false,
  };
  readonly got: Buffer[] = [];
  /** The buffers that were ever read into. */
  readonly buffers = new Set<ArrayBufferLike>();
  paused = false;
  sent = 0;
  readonly #pending: (() => void)[] = [];
  // The socket asks where the next read goes after each one, and never in between.
  #next = this.reads.buffer();
  readonly sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      this.#pending.push(() => {
        // Copied only now: whatever was read since must not have gone over it.
        this.got.push(Buffer.from(chunk));
        done();
      });
    },
  });

  /** @param bytes the most that this read brings. */
  read(bytes: number): void {
    const view = this.#next;
    this.buffers.add(view.buffer);
    const length = Math.min(bytes, view.length);
    expect(length).toBeGreaterThan(0);
    for (let at = 0; at < length; at += 1) view[at] = (this.sent + at) % 251;
    this.sent += length;
    if (!this.reads.callback(length, view)) this.paused = true;
    this.#next = this.reads.buffer();
  }

  written(): void {
    this.#pending.shift()?.();
  }

  async finish(): Promise<Buffer> {
    const finished = new Promise((resolve) => { this.sink.once('finish', resolve); });
    this.from.push(null);
    let over = false;
    void finished.then(() => { over = true; });
    while (!over) {
      this.written();
      await turn();
    }
    return Buffer.concat(this.got);
  }
}

describe('reads into buffers that are used again', () => {
  it('pass on all bytes in order, whenever writes are done, and stop at two buffers', async () => {
    const step = fc.oneof(fc.record({ read: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 65_536 })) }), fc.constant('written' as const), fc.constant('turn' as const));
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const harness = new Harness();
      harness.reads.passOn(harness.source, harness.sink);
      for (const one of steps) {
        if (one === 'written') harness.written();
        else if (one === 'turn') await turn();
        else if (!harness.paused) harness.read(one.read);
        // After a write Node says so in a later tick.
        if (one !== 'turn') await Promise.resolve();
      }
      const all = await harness.finish();
      expect(all.length).toBe(harness.sent);
      expect(all.every((byte, at) => byte === at % 251)).toBe(true);
      expect(harness.buffers.size).toBeLessThanOrEqual(2);
    }), { numRuns: 60 });
  });

  it('go on in a buffer more where a TLS connection still says what it had read', async () => {
    const harness = new Harness();
    harness.reads.passOn(harness.source, harness.sink);
    while (!harness.paused) harness.read(65_536);
    for (let more = 0; more < 20; more += 1) harness.read(16_384);
    const all = await harness.finish();
    expect(all.length).toBe(harness.sent);
    expect(all.every((byte, at) => byte === at % 251)).toBe(true);
  });

  it('pause a socket of which nobody reads, before and after it is passed on, and let it go on', async () => {
    const harness = new Harness();
    while (!harness.paused) harness.read(1_000);
    expect(harness.sent).toBeLessThan(200_000);
    harness.reads.passOn(harness.source, harness.sink);
    await turn();
    expect(harness.paused).toBe(false);
    while (!harness.paused) harness.read(512);
    expect(harness.buffers.size).toBeLessThanOrEqual(2);
    while (harness.paused) {
      harness.written();
      await turn();
    }
    expect((await harness.finish()).length).toBe(harness.sent);
  });

  it('write many small reads of one turn in one piece', async () => {
    const harness = new Harness();
    harness.reads.passOn(harness.source, harness.sink);
    for (let number = 0; number < 10; number += 1) harness.read(3);
    await turn();
    harness.written();
    expect(harness.got.map(({ length }) => length)).toEqual([30]);
    await harness.finish();
  });
});
