import { expect, test } from 'vitest';
import { routes } from './index.ts';

const faults = (wish: object): string[] => {
  const read = routes.leaseCreate.body!.safeParse({ key: 'k', ...wish });
  const quoted = routes.leaseQuote.body!.safeParse(wish);
  const said = read.error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`) ?? [];
  expect(quoted.error?.issues.length ?? 0).toBe(said.length);
  return said;
};

test.each([
  [{ kind: 'gpu', gpus: 1, gpu: 'h100-80gb', slice: '1g.10gb' }, 'gpu must be left out: a slice is named by its profile'],
  [{ kind: 'gpu', slice: '1g.10gb' }, 'slice must be left out, or gpus say how many slices'],
  [{ kind: 'gpu', memoryGb: 80 }, 'memoryGb must be left out, or gpus say how many GPUs'],
  [{ kind: 'node', gpu: 'h100-80gb' }, 'gpu must be left out: it is of the kind gpu alone, and this is node'],
  [{ kind: 'mac', memoryGb: 16 }, 'memoryGb must be left out: it is of the kind gpu alone, and this is mac'],
  [{ kind: 'gpu', gpus: 1, macClass: 'm4' }, 'macClass must be left out: it is of the kind mac alone'],
])('what would be overlooked is refused in words: %j', (wish, why) => {
  expect(faults(wish)).toEqual([expect.stringContaining(why)]);
});

test.each([
  { kind: 'gpu', gpus: 1, slice: 'any', memoryGb: 20 }, { kind: 'gpu', gpus: 2, gpu: 'h100-80gb', memoryGb: 80 }, { kind: 'gpu', gpu: 'h100-80gb' }, { kind: 'mac', macClass: 'm4', xcode: '26.1' }, { kind: 'node' }, { kind: 'node', gpus: 1 },
])('what is one wish is taken: %j', (wish) => {
  expect(faults(wish)).toEqual([]);
});

test('what is served is asked for by one wish, too', () => {
  const served = (lease: object) => routes.servingCreate.body!.safeParse({ name: 'team/llama', model: 'x', engine: 'vllm', lease }).success;
  expect([served({}), served({ slice: '1g.10gb' }), served({ kind: 'node' }), served({ gpu: 'h100-80gb', slice: '1g.10gb' }), served({ kind: 'node', gpu: 'h100-80gb' })]).toEqual([true, true, true, false, false]);
});
