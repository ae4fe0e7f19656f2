import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** What a file must be. `bytes` also bounds what is written to the disk. */
interface Expected {
  readonly sha256: string;
  readonly bytes: number;
}

/** The SHA-256 of a file, as lower-case hex. 98 MB take 0.1 s from the page cache. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, signal ? { signal } : {});
  return hash.digest('hex');
}

/** What is wrong with a file, as a sentence's part, or undefined when it is as expected. */
export async function faultOf(path: string, expected: Expected, signal?: AbortSignal): Promise<string | undefined> {
  const found = await stat(path);
  if (!found.isFile()) return 'it is not a file';
  if (found.size !== expected.bytes) return `it has ${found.size} bytes instead of ${expected.bytes}`;
  const sha256 = await hashFile(path, signal);
  return sha256 === expected.sha256 ? undefined : `its SHA-256 is ${sha256} instead of ${expected.sha256}`;
}

/**
 * Writes a stream to a new file and checks it on the way. The file may be partly there after an error.
 * @throws Error naming how the content differs from what was expected.
 */
export async function writeVerified(content: Readable, path: string, expected: Expected, signal: AbortSignal, onBytes: (received: number) => void): Promise<void> {
  const hash = createHash('sha256');
  let received = 0;
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length;
      if (received > expected.bytes) {
        done(new Error(`it is longer than ${expected.bytes} bytes`));
        return;
      }
      hash.update(chunk);
      onBytes(received);
      done(null, chunk);
    },
  });
  await pipeline(content, check, createWriteStream(path, { flags: 'wx', mode: 0o644, flush: true }), { signal });
  if (received !== expected.bytes) throw new Error(`it has ${received} bytes instead of ${expected.bytes}`);
  const sha256 = hash.digest('hex');
  if (sha256 !== expected.sha256) throw new Error(`its SHA-256 is ${sha256} instead of ${expected.sha256}`);
}
