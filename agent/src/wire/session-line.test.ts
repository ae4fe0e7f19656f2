import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readLine } from './session-line.ts';

const soon = (): AbortSignal => AbortSignal.timeout(5_000);

it('reads one line and nothing after it, however it was cut on the way', async () => {
  await fc.assert(fc.asyncProperty(fc.stringMatching(/^[a-z]{0,20}$/), fc.string({ maxLength: 50 }), fc.integer({ min: 1, max: 8 }), async (line, rest, size) => {
    const stream = new PassThrough();
    const bytes = Buffer.from(`${line}\n${rest}`);
    void (async () => {
      for (let at = 0; at < bytes.length; at += size) {
        stream.write(bytes.subarray(at, at + size));
        await new Promise((resolve) => { setImmediate(resolve); });
      }
      stream.end();
    })();
    expect(await readLine(stream, 20, soon())).toBe(line);
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toBe(rest);
  }), { numRuns: 50 });
});

it('is bounded in bytes and time, and ends with the stream', async () => {
  const long = new PassThrough();
  long.write('x'.repeat(21));
  await expect(readLine(long, 20, soon())).rejects.toMatchObject({ code: 'too_large' });
  await expect(readLine(new PassThrough(), 20, AbortSignal.timeout(1))).rejects.toMatchObject({ code: 'timeout' });
  await expect(readLine(new PassThrough(), 20, AbortSignal.abort())).rejects.toMatchObject({ code: 'timeout' });
  const ended = new PassThrough();
  ended.end('half');
  await expect(readLine(ended, 20, soon())).rejects.toMatchObject({ code: 'closed' });
});
