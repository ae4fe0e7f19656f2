import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, statfsSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import type { Home } from '../state/home.ts';
import { WireError, textOf, wholeOf, type Message, type WireStream } from '../wire/index.ts';

const HASH = /^[0-9a-f]{64}$/;
/** What no lease has used for so long is fetched again when it is needed. */
const KEPT_MS = 30 * 86_400_000;
/** Left free on the disk, for the machine itself. */
const LEAVE_BYTES = 2_000_000_000;
const UNPACK_MS = 300_000;
const MOST_BYTES = 2_000_000_000_000;

/** Programs and weights on this machine, known by their hash, so that a second lease needs no second transfer. A lease sees only what is linked into it. */
export class FileCache {
  readonly #folder: string;
  readonly #nowMs: () => number;

  constructor(home: Home, nowMs: () => number) {
    this.#folder = join(home.root, 'cache');
    this.#nowMs = nowMs;
  }

  has(params: Message): Message {
    return { here: existsSync(this.#place(hashOf(params), params['unpack'] === true)) };
  }

  /** Where a file or an unpacked archive lies. @throws WireError not_here. */
  pathOf(sha256: string, unpacked: boolean): string {
    const place = this.#place(sha256, unpacked);
    if (!existsSync(place)) throw new WireError('not_here', 'a file of this hash was not sent here');
    utimesSync(place, new Date(this.#nowMs()), new Date(this.#nowMs()));
    return place;
  }

  /** Takes a file from a stream and says `ok` when it is what its hash says. @throws WireError no_space, bad_file. */
  async receive(params: Message, stream: WireStream): Promise<void> {
    const sha256 = hashOf(params);
    const bytes = wholeOf(params, 'bytes', 0, MOST_BYTES);
    const unpack = params['unpack'] === true;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const { bavail, bsize } = statfsSync(this.#folder);
    if (bavail * bsize < bytes * (unpack ? 2 : 1) + LEAVE_BYTES) throw new WireError('no_space', 'the disk of the machine has no room for it');
    this.#tidy();
    const draft = join(this.#folder, `.${randomUUID()}`);
    try {
      await this.#write(stream, draft, sha256, bytes);
      if (unpack) await this.#unpack(draft);
      const from = unpack ? `${draft}.d` : draft;
      const place = this.#place(sha256, unpack);
      if (!existsSync(place)) renameSync(from, place);
      stream.end('ok\n');
    } finally {
      rmSync(draft, { force: true });
      rmSync(`${draft}.d`, { recursive: true, force: true });
    }
  }

  async #write(stream: WireStream, draft: string, sha256: string, bytes: number): Promise<void> {
    const hash = createHash('sha256');
    let seen = 0;
    // Not by iterating, which would close the other half with this one, and the answer goes there.
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        seen += chunk.length;
        hash.update(chunk);
        done(seen > bytes ? new WireError('bad_file', 'more came than was told') : null, chunk);
      },
    });
    await pipeline(stream, counted, createWriteStream(draft, { mode: 0o644 }));
    if (seen !== bytes || hash.digest('hex') !== sha256) throw new WireError('bad_file', 'what came is not what its hash says');
  }

  /** By the machine's own tar, which keeps every file below the folder. */
  async #unpack(draft: string): Promise<void> {
    mkdirSync(`${draft}.d`, { mode: 0o755 });
    await promisify(execFile)('tar', ['-xf', draft, '-C', `${draft}.d`, '--no-same-owner', '--no-same-permissions'], { timeout: UNPACK_MS });
  }

  #place(sha256: string, unpacked: boolean): string {
    return join(this.#folder, unpacked ? `${sha256}.d` : sha256);
  }

  #tidy(): void {
    for (const name of readdirSync(this.#folder)) {
      const path = join(this.#folder, name);
      if (this.#nowMs() - statSync(path).mtimeMs > KEPT_MS) rmSync(path, { recursive: true, force: true });
    }
  }
}

function hashOf(params: Message): string {
  const sha256 = textOf(params, 'sha256', 64);
  if (!HASH.test(sha256)) throw new WireError('bad_file', 'the hash is none');
  return sha256;
}
