import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shapeOf } from './inventory.ts';

const gib = 2 ** 30;
const kinds = (inventory: Record<string, unknown>) => shapeOf(inventory, false).units.map(({ id, kind, slice }) => [id, kind, slice]);

test('GPUs are of a model and memory, slices of a profile', () => {
  // Names as `nvidia-smi -L` and `rocm-smi --showproductname` print them.
  expect(kinds({ gpus: [{ name: 'NVIDIA H100 80GB HBM3', memoryBytes: 85_520_809_984 }, { name: 'NVIDIA B200', memoryBytes: 179 * gib }, { name: 'NVIDIA L4', memoryBytes: 22.5 * gib }, { name: 'AMD Instinct MI300X', memoryBytes: 192 * gib }, { name: 'NVIDIA GeForce RTX 4090', memoryBytes: 24 * gib }] }))
    .toEqual([['gpu-0', 'h100-80gb', false], ['gpu-1', 'b200-180gb', false], ['gpu-2', 'l4-23gb', false], ['gpu-3', 'mi300x-192gb', false], ['gpu-4', 'rtx4090-24gb', false]]);
  // The first as an H200 said it (driver 580.159).
  expect(kinds({ gpus: [{ name: 'NVIDIA H200', memoryBytes: 143_771 * 2 ** 20 }, { name: 'NVIDIA H200', memoryBytes: 94 * gib }] }).map(([, kind]) => kind)).toEqual(['h200-141gb', 'h200-94gb']);
  expect(kinds({ gpus: [{ name: 'NVIDIA H100 80GB HBM3', memoryBytes: 80 * gib, migDevices: [{ uuid: 'MIG-1', profile: '1g.10gb' }, { uuid: 'MIG-2', profile: '3g.40gb' }] }] }))
    .toEqual([['gpu-0-0', '1g.10gb', true], ['gpu-0-1', '3g.40gb', true]]);
});

test('an AMD card\'s partitions are slices, and of one project where they share its memory', () => {
  const cut = (profile: string, sharesMemory?: boolean) => shapeOf({ gpus: [{ vendor: 'amd', name: 'AMD Instinct MI300X', memoryBytes: 192 * gib, migDevices: [0, 1].map((place) => ({ uuid: `amd-0x1-p${place}`, profile, ...(sharesMemory !== undefined && { sharesMemory }) })) }] }, false).units;
  expect(cut('qpx.48gb')).toMatchObject([{ id: 'gpu-0-0', kind: 'qpx.48gb', memoryMb: 48_000, slice: true, shared: false }, { id: 'gpu-0-1', gpu: 0 }]);
  expect(cut('cpx.24gb', true)).toMatchObject([{ kind: 'cpx.24gb', slice: true, shared: true }, { shared: true }]);
});

test('a Mac is of its chip, a stand-in of none, and the rest is one', () => {
  expect(shapeOf({ platform: 'darwin-arm64', apple: { chip: 'Apple M4 Pro', xcodes: [{ path: '/Applications/Xcode.app', version: '26.1' }, { path: '/x', version: '\u001b[2J' }, null] } }, false)).toMatchObject({ kind: 'mac', mac: { class: 'm4-pro', xcode: ['26.1'] } });
  expect(shapeOf({ platform: 'linux-x64', apple: { chip: 'Apple M4' } }, true)).toMatchObject({ kind: 'mac', mac: { class: 'stand-in', xcode: [] } });
  expect(shapeOf({ platform: 'linux-x64', apple: { chip: 'Apple M4' } }, false)).toMatchObject({ kind: 'cpu', units: [{ id: 'whole', kind: 'linux-x64' }] });
});

test('whatever a machine says, it is a shape with units of bounded plain names', () => {
  fc.assert(fc.property(fc.record({ platform: fc.anything(), apple: fc.anything(), gpus: fc.oneof(fc.anything(), fc.array(fc.oneof(fc.anything(), fc.record({ name: fc.string(), memoryBytes: fc.anything(), migDevices: fc.anything() })))) }), fc.boolean(), (inventory, standIn) => {
    const { units } = shapeOf(inventory, standIn);
    expect(units.length).toBeGreaterThan(0);
    expect(new Set(units.map(({ id }) => id)).size).toBe(units.length);
    for (const { kind, memoryMb } of units) {
      expect(kind).toMatch(/^[a-z0-9.-]{1,80}$/);
      expect(memoryMb).toBeGreaterThanOrEqual(0);
    }
  }));
});
