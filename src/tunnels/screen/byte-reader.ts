import type { Duplex } from 'node:stream';

/** Thrown when the other side ends, stalls or says what it may not. */
export class ScreenFault extends Error {}

/**
 * Reads a stream in pieces of a known size, as handshakes do, within a deadline for all of it. `release` gives the
 * stream back with what was read too far.
 */
export class ByteReader {
  readonly #stream: Duplex;
  readonly #who: string;
  #held: Buffer = Buffer.alloc(0);
  #waiting: { readonly size: number; readonly resolve: (bytes: Buffer) => void; readonly reject: (error: Error) => void } | null = null;
  #fault: ScreenFault | null = null;

  /** @param who a sentence's subject for faults: "the screen's server". */
  constructor(stream: Duplex, who: string, signal: AbortSignal) {
    this.#stream = stream;
    this.#who = who;
    stream.on('data', this.#onData);
    stream.on('end', this.#onEnd);
    stream.on('close', this.#onEnd);
    stream.on('error', this.#onEnd);
    // Where another reader has released it before, it stands still.
    stream.resume();
    if (signal.aborted) this.#fail('did not answer in time');
    else signal.addEventListener('abort', () => this.#fail('did not answer in time'), { once: true });
  }

  /** @throws ScreenFault */
  read(size: number): Promise<Buffer> {
    if (this.#waiting) throw new Error('one read at a time');
    return new Promise((resolve, reject) => {
      this.#waiting = { size, resolve, reject };
      this.#serve();
    });
  }

  async readByte(): Promise<number> {
    return (await this.read(1))[0]!;
  }

  /** A text of the protocol: its length in four bytes, then as many of text. Longer ones than `most` are not read. */
  async readText(most = 1_024): Promise<string> {
    const length = (await this.read(4)).readUInt32BE();
    if (length > most) throw new ScreenFault(`${this.#who} said more than it may`);
    return (await this.read(length)).toString('latin1');
  }

  /** Stops reading; what was read too far is put back. */
  release(): void {
    const stream = this.#stream;
    stream.off('data', this.#onData);
    stream.off('end', this.#onEnd);
    stream.off('close', this.#onEnd);
    stream.off('error', this.#onEnd);
    stream.pause();
    if (this.#held.length > 0 && stream.readable) stream.unshift(this.#held);
    this.#held = Buffer.alloc(0);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#serve();
  };

  readonly #onEnd = (): void => this.#fail('left');

  #serve(): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    if (this.#held.length >= waiting.size) {
      const bytes = this.#held.subarray(0, waiting.size);
      this.#held = this.#held.subarray(waiting.size);
      this.#waiting = null;
      waiting.resolve(bytes);
    } else if (this.#fault) {
      this.#waiting = null;
      waiting.reject(this.#fault);
    }
  }

  #fail(what: string): void {
    this.#fault ??= new ScreenFault(`${this.#who} ${what}`);
    this.#serve();
  }
}
