import { expect, it } from 'vitest';
import { kindHere, NO_WISH, minutesOf, wishOf } from './wish.ts';

it('reads hours as minutes', () => {
  expect(['1', '1.5', '0.02', '24'].map(minutesOf)).toEqual([60, 90, 1, 1440]);
  expect(['', '0', '-1', 'x', '1,5', '99999'].map(minutesOf)).toEqual(Array.from({ length: 6 }, () => undefined));
});

it('asks for what was typed, and says which field it cannot read', () => {
  expect(wishOf({ ...NO_WISH, gpu: ' h100-80gb ', gpus: '2', hours: '8', atMost: '12.50' })).toEqual({ job: null, wish: {
    name: 'lease', kind: 'gpu', gpus: 2, gpu: 'h100-80gb', slice: null, macClass: null, xcode: null, machines: 1, minutes: 480, access: 'shell', pool: null, projectId: null, atMost: '12500000000000', record: false, volume: null,
  } });
  expect(wishOf({ ...NO_WISH, kind: 'mac', gpu: 'h100', macClass: 'm4', hours: '' })).toMatchObject({ wish: { gpus: null, gpu: null, macClass: 'm4', minutes: null } });
  expect(wishOf({ ...NO_WISH, gpus: 'two' })).toEqual({ fault: { field: 'gpus', message: '“two” is not a number of GPUs.' } });
  expect(wishOf({ ...NO_WISH, hours: 'long' })).toMatchObject({ fault: { field: 'hours' } });
  expect(wishOf({ ...NO_WISH, gpu: 'h100-80gb', slice: '1g.10gb' })).toMatchObject({ fault: { field: 'slice' } });
  expect(wishOf({ ...NO_WISH, kind: 'mac', gpu: 'h100-80gb', slice: '1g.10gb', hours: '24' })).toMatchObject({ wish: { gpu: null, slice: null } });
  expect(wishOf({ ...NO_WISH, atMost: '0' })).toMatchObject({ fault: { field: 'atMost' } });
});

it('reads a job where one is wanted, and keeps what was typed of it apart from every other access', () => {
  const typed = { ...NO_WISH, command: `python3 train.py 'a b'`, env: ' HF_TOKEN=a=b \n\nSEED=', keepOpen: true };
  expect(wishOf({ ...typed, access: 'job' })).toMatchObject({ job: { command: ['python3', 'train.py', 'a b'], env: { HF_TOKEN: 'a=b', SEED: '' }, keepOpen: true }, wish: { access: 'job' } });
  expect(wishOf(typed)).toMatchObject({ job: null });
  expect(wishOf({ ...typed, access: 'job', command: ' ' })).toMatchObject({ fault: { field: 'command' } });
  expect(wishOf({ ...typed, access: 'job', command: `'x` })).toMatchObject({ fault: { field: 'command' } });
  // What looks like a value is not shown again.
  expect(wishOf({ ...typed, access: 'job', env: 'token=secret' })).toEqual({ fault: { field: 'env', message: '“token” is not a variable: write NAME=VALUE, one on each line.' } });
});

it.each([
  [[], undefined], [['gpu/h100-80gb', 'mac/m4'], undefined], [['our-price'], undefined],
  [['node/linux-x64', 'mac/stand-in'], 'mac'], [['node/linux-x64'], 'node'],
] as const)('with machines priced by %j the form begins with %s', (resources, kind) => {
  expect(kindHere(resources)).toBe(kind);
});
