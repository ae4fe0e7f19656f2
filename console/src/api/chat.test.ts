import fc from 'fast-check';
import { expect, it } from 'vitest';
import { eventData } from './chat.ts';

async function read(pieces: Uint8Array[]): Promise<string[]> {
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  const found: string[] = [];
  for await (const data of eventData(stream)) found.push(data);
  return found;
}

it('reads the same events however the bytes are cut', async () => {
  const bytes = new TextEncoder().encode(': hello\n\ndata: {"a":"grüß 🚲"}\n\nevent: x\r\ndata: one\r\ndata: two\r\n\r\ndata: [DONE]\n\n');
  await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 12 }), async (cuts) => {
    const edges = [0, ...[...new Set(cuts)].sort((a, b) => a - b), bytes.length];
    const pieces = edges.slice(1).map((end, index) => bytes.slice(edges[index], end));
    expect(await read(pieces)).toEqual(['{"a":"grüß 🚲"}', 'one\ntwo', '[DONE]']);
  }));
});

it('gives no event for bytes that never ended', async () => {
  expect(await read([new TextEncoder().encode('data: half')])).toEqual([]);
});
