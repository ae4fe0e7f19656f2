import { expect, test } from 'vitest';
import { wishOf, type LeaseRequest } from './wish.ts';

const request: LeaseRequest = { kind: 'gpu', gpus: 1, gpu: null, memoryGb: null, slice: null, macClass: null, xcode: null, pool: null, labels: {}, machines: 1, apart: null, fit: 'pack', access: 'shell', minutes: 60, startsAtMs: null, record: false };
const want = (more: Partial<LeaseRequest>) => wishOf({ ...request, ...more }).want;

test('a slice is named by its profile, or is any with so much memory', () => {
  expect(want({ slice: '1g.10gb', gpu: 'h100-80gb' })).toEqual({ kind: 'units', unit: '1g.10gb', memoryMb: 0, slice: true, count: 1 });
  expect(want({ slice: 'any', memoryGb: 19.5, gpus: 2 })).toEqual({ kind: 'units', unit: null, memoryMb: 19_500, slice: true, count: 2 });
  expect(want({ gpu: 'h100-80gb', memoryGb: 40 })).toMatchObject({ unit: 'h100-80gb', slice: false });
});
