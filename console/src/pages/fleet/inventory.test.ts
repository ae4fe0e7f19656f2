import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bytesText, gpuClaims, inventoryFacts } from './inventory.ts';

it('says what a machine says, and unknown where it says nothing', () => {
  const inventory = {
    hostname: 'gpu-1', os: { kind: 'linux', release: '6.12', name: null }, cpu: { model: 'EPYC', cores: 64 }, memoryBytes: 2 ** 39, disk: { bytes: 2 ** 41, freeBytes: null },
    apple: { chip: 'Apple M4', xcodes: [{ version: '26.1' }], fileVault: null, sip: true }, gpus: [{ uuid: 'GPU-1', name: 'NVIDIA H100', duty: null, ecc: { uncorrected: 0 }, migDevices: [{ profile: '1g.10gb' }] }],
  };
  expect(inventoryFacts(inventory)).toEqual([['Host name', 'gpu-1'], ['System', 'linux 6.12'], ['CPU', 'EPYC, 64 cores'], ['Memory', '512.0 GiB'], ['Disk', 'unknown free of 2.0 TiB'], ['Chip', 'Apple M4'], ['Xcode', '26.1'], ['FileVault', 'unknown'], ['SIP', 'on']]);
  expect(gpuClaims(inventory)).toEqual([{ id: 'GPU-1', name: 'NVIDIA H100', memoryBytes: null, duty: null, temperatureC: null, uncorrected: 0, driver: null, slices: ['1g.10gb'] }]);
  expect(bytesText(null)).toBe('unknown');
});

it('reads whatever a machine sends', () => {
  fc.assert(fc.property(fc.dictionary(fc.constantFrom('hostname', 'os', 'cpu', 'memoryBytes', 'disk', 'apple', 'network', 'gpus'), fc.anything()), (inventory) => {
    for (const [, value] of inventoryFacts(inventory)) expect(typeof value).toBe('string');
    expect(Array.isArray(gpuClaims(inventory))).toBe(true);
  }));
});
