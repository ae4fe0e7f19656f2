import { once } from 'node:events';
import type { Duplex } from 'node:stream';

/** One way to a VNC server that asks for no password: a stream of RFB (RFC 6143) from its first byte on. */
export interface ScreenWay {
  readonly name: string;
  open(): Promise<Duplex>;
}

const VERSION = 'RFB 003.008\n';
const RAW = 0;

/** A scripted viewer, which throws pictures away as they come. */
export class Viewer {
  readonly #stream: Duplex;
  readonly #held: Buffer[] = [];
  #arrived = Promise.withResolvers<void>();
  width = 0;
  height = 0;

  private constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => {
      this.#held.push(chunk);
      this.#arrived.resolve();
    });
    stream.on('error', (error) => this.#arrived.reject(error));
    stream.on('close', () => this.#arrived.reject(new Error('the screen was closed')));
  }

  static async look({ open }: ScreenWay): Promise<Viewer> {
    const viewer = new Viewer(await open());
    const stream = viewer.#stream;
    await viewer.#take(VERSION.length);
    stream.write(VERSION);
    await viewer.#take((await viewer.#take(1))[0]!);
    stream.write(Buffer.of(1));
    await viewer.#take(4);
    stream.write(Buffer.of(1));
    const init = await viewer.#take(24);
    await viewer.#take(init.readUInt32BE(20));
    viewer.width = init.readUInt16BE(0);
    viewer.height = init.readUInt16BE(2);
    // Without an encoding for the pointer's own picture the server paints the pointer, so that moving it changes the screen.
    stream.write(Buffer.of(2, 0, 0, 1, 0, 0, 0, RAW));
    return viewer;
  }

  /** The whole screen once, as it is. Returns its bytes. */
  frame(): Promise<number> {
    this.#ask(false);
    return this.#update();
  }

  /** Milliseconds from moving the pointer to the picture that shows it there. */
  async move(x: number, y: number): Promise<number> {
    this.#ask(true);
    const started = performance.now();
    const move = Buffer.of(5, 0, 0, 0, 0, 0);
    move.writeUInt16BE(x, 2);
    move.writeUInt16BE(y, 4);
    this.#stream.write(move);
    await this.#update();
    return performance.now() - started;
  }

  async close(): Promise<void> {
    this.#arrived.promise.catch(() => {});
    const closed = once(this.#stream, 'close');
    this.#stream.destroy();
    await closed;
  }

  #ask(incremental: boolean): void {
    const ask = Buffer.of(3, incremental ? 1 : 0, 0, 0, 0, 0, 0, 0, 0, 0);
    ask.writeUInt16BE(this.width, 6);
    ask.writeUInt16BE(this.height, 8);
    this.#stream.write(ask);
  }

  /** The next picture; what else a server says is read and left. */
  async #update(): Promise<number> {
    for (;;) {
      const kind = (await this.#take(1))[0];
      if (kind === 3) await this.#take((await this.#take(7)).readUInt32BE(3));
      else if (kind === 0) break;
    }
    let bytes = 0;
    for (let left = (await this.#take(3)).readUInt16BE(1); left > 0; left -= 1) {
      const rectangle = await this.#take(12);
      if (rectangle.readInt32BE(8) !== RAW) throw new Error('a picture in another encoding');
      const size = rectangle.readUInt16BE(4) * rectangle.readUInt16BE(6) * 4;
      await this.#take(size, false);
      bytes += size;
    }
    return bytes;
  }

  async #take(size: number, kept = true): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = size; left > 0;) {
      const first = this.#held[0];
      if (first === undefined) {
        this.#arrived = Promise.withResolvers();
        await this.#arrived.promise;
        continue;
      }
      const part = first.subarray(0, left);
      if (part.length === first.length) this.#held.shift();
      else this.#held[0] = first.subarray(part.length);
      left -= part.length;
      if (kept) parts.push(part);
    }
    return Buffer.concat(parts);
  }
}
