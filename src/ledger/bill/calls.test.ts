import { expect, test } from 'vitest';
import { callsOf } from './calls.ts';

test.each(['gpu/h100-80gb', 'gpu/1g.10gb', 'mac/m4', 'mac/stand-in', 'node/linux-x64', 'volume/gib', 'operator/minutes'])('%s is time, and no call', (resource) => {
  expect(callsOf(resource, 7n)).toBe('0');
});

test.each(['tandem/local', 'fleet/local', 'muse-spark', 'machine', 'team/gpu/fast'])('%s is a model', (resource) => {
  expect(callsOf(resource, '7')).toBe('7');
});
