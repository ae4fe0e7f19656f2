import { expect, test } from 'vitest';
import { EventStream } from './event-stream.ts';

const read = async (stream: EventStream<number>) => {
  const seen: (number | string)[] = [];
  try {
    for await (const item of stream) seen.push(item);
  } catch (error) {
    seen.push(String(error));
  }
  return seen;
};

test('what was pushed before and after the reader came is read in order', async () => {
  const stream = new EventStream<number>();
  stream.push(1);
  const reading = read(stream);
  await Promise.resolve();
  stream.push(2);
  stream.push(3);
  stream.end();
  stream.push(4);
  expect(await reading).toEqual([1, 2, 3]);
});

test('an error comes after what was pushed before it, and once only', async () => {
  const stream = new EventStream<number>();
  stream.push(1);
  stream.fail(new Error('lost'));
  stream.fail(new Error('later'));
  expect(await read(stream)).toEqual([1, 'Error: lost']);
  expect(stream.ended).toBe(true);
});
