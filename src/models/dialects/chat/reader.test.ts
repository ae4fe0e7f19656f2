import { expect, it } from 'vitest';
import { neutralRequest } from '../../testing/neutral-request.ts';
import { chatBackend } from './backend.ts';

const chunk = (index: number, delta: object, finish: string | null = null) => Buffer.from(`data: ${JSON.stringify({ id: 'c', model: 'm', choices: [{ index, delta, finish_reason: finish }] })}\n\n`);

it.each(['chat', 'messages'] as const)('takes a stream of two answers for cut that ends while one of them goes on, for a caller of %s', (dialect) => {
  const read = (...chunks: readonly Buffer[]) => {
    const reader = chatBackend.reader(neutralRequest({ dialect, stream: true, choices: 2 }));
    for (const bytes of chunks) reader.push(bytes);
    reader.end();
  };
  const begun = [chunk(0, { content: 'a' }), chunk(1, { content: 'b' }), chunk(0, {}, 'stop')];
  expect(() => read(...begun)).toThrow('ended in the middle');
  expect(() => read(...begun, chunk(1, { content: 'c' }), chunk(1, {}, 'stop'))).not.toThrow();
  expect(() => read(...begun, Buffer.from('data: [DONE]\n\n'))).not.toThrow();
});

it('tells 128 answers apart, the last ones too', () => {
  const read = (...chunks: readonly Buffer[]) => {
    const reader = chatBackend.reader(neutralRequest({ dialect: 'chat', stream: true, choices: 128 }));
    for (const bytes of chunks) reader.push(bytes);
    reader.end();
  };
  const all = Array.from({ length: 128 }, (_, index) => index);
  for (const missing of [0, 1, 30, 31, 32, 33, 63, 64, 127]) {
    const ends = all.filter((index) => index !== missing).map((index) => chunk(index, {}, 'stop'));
    expect(() => read(...all.map((index) => chunk(index, { content: 'a' })), ...ends)).toThrow('ended in the middle');
    expect(() => read(...all.map((index) => chunk(index, { content: 'a' })), ...ends, chunk(missing, {}, 'stop'))).not.toThrow();
  }
});
