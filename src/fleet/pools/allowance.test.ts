import fc from 'fast-check';
import { expect, test } from 'vitest';
import { devicesOf, limitsOf } from './allowance.ts';
import { shapeOf } from './inventory.ts';

const GIB = 2 ** 30;
const machine = { platform: 'linux-x64', cpu: { cores: 64 }, memoryBytes: 1_024 * GIB, disk: { bytes: 2_000 * GIB } };
// As `nvidia-smi` names them, from its documentation.
const h100 = (uuid: string, migDevices: object[] = []) => ({ vendor: 'nvidia', uuid, name: 'NVIDIA H100 80GB HBM3', memoryBytes: 85_520_809_984, migDevices });
const sliced = { ...machine, gpus: [h100('GPU-a', [{ uuid: 'MIG-1', profile: '3g.40gb' }, { uuid: 'MIG-2', profile: '1g.10gb' }]), h100('GPU-b')] };
const limits = (inventory: Record<string, unknown>, held: string[], over: Parameters<typeof limitsOf>[3] = null) => limitsOf(inventory, shapeOf(inventory, false).units, held, over);

test('a whole machine is all of it less a reserve, a GPU its share, a slice as much of it as it has of its memory', () => {
  expect(limits(machine, ['whole'])).toEqual({ cpuMillis: 63_000, memoryBytes: 1_020 * GIB, processes: 16_384, diskBytes: 1_980 * GIB });
  const eight = { ...machine, gpus: Array.from({ length: 8 }, (_, index) => h100(`GPU-${index}`)) };
  expect(limits(eight, ['gpu-0'])).toEqual({ cpuMillis: 7_875, memoryBytes: 127.5 * GIB, processes: 2_048, diskBytes: 247.5 * GIB });
  expect(limits(eight, ['gpu-0', 'gpu-3']).memoryBytes).toBe(255 * GIB);
  const [three, one] = [limits(sliced, ['gpu-0-0']), limits(sliced, ['gpu-0-1'])];
  expect(three.memoryBytes! / one.memoryBytes!).toBeCloseTo(4);
  expect(limits(sliced, ['gpu-1']).memoryBytes).toBe(510 * GIB);
  // A small machine keeps three quarters.
  expect(limits({ ...machine, cpu: { cores: 2 }, memoryBytes: GIB, disk: { bytes: 10 * GIB } }, ['whole'])).toMatchObject({ cpuMillis: 1_800, memoryBytes: 0.75 * GIB, diskBytes: 7.5 * GIB });
});

test('what is not known is not bounded, and what a pool says is for each unit and never beyond the machine', () => {
  expect(limits({ platform: 'linux-x64' }, ['whole'])).toEqual({ cpuMillis: null, memoryBytes: null, processes: 16_384, diskBytes: null });
  expect(limits({ platform: 'linux-x64', cpu: { cores: -1 }, memoryBytes: 'all', disk: null }, ['whole'], { cpus: 2, memoryMb: null, processes: null, diskMb: 100 })).toMatchObject({ cpuMillis: 2_000, memoryBytes: null, diskBytes: 100 * 2 ** 20 });
  expect(limits(sliced, ['gpu-0-0', 'gpu-1'], { cpus: 1.5, memoryMb: 999_999_999, processes: 300, diskMb: null })).toMatchObject({ cpuMillis: 3_000, memoryBytes: 1_020 * GIB, processes: 600 });
});

test('all units of a machine together never have more than it has, whatever it says', () => {
  const gpu = fc.record({ name: fc.string(), memoryBytes: fc.oneof(fc.anything(), fc.integer({ min: 1, max: 200e9 })), migDevices: fc.oneof(fc.constant([]), fc.array(fc.record({ uuid: fc.string(), profile: fc.oneof(fc.string(), fc.constantFrom('1g.10gb', '2g.20gb', '3g.40gb', '7g.80gb')) }), { maxLength: 16 })) });
  fc.assert(fc.property(fc.array(gpu, { maxLength: 10 }), fc.integer({ min: 1, max: 512 }), fc.integer({ min: 2 ** 30, max: 2 ** 42 }), (gpus, cores, memoryBytes) => {
    const inventory = { platform: 'linux-x64', gpus, cpu: { cores }, memoryBytes };
    const { units } = shapeOf(inventory, false);
    const shares = units.map(({ id }) => limitsOf(inventory, units, [id], null));
    expect(shares.reduce((sum, { memoryBytes: bytes }) => sum + bytes!, 0)).toBeLessThan(memoryBytes + units.length * 16 * 2 ** 20);
    for (const share of shares) for (const value of [share.cpuMillis, share.memoryBytes, share.processes]) expect(Number.isSafeInteger(value) && value! > 0).toBe(true);
  }));
});

test('GPUs and slices are named by their own ids', () => {
  const { units } = shapeOf(sliced, false);
  expect(devicesOf(sliced, units, ['gpu-0-1', 'gpu-1'])).toEqual([{ unit: 'gpu-0-1', vendor: 'nvidia', uuid: 'GPU-a', mig: 'MIG-2' }, { unit: 'gpu-1', vendor: 'nvidia', uuid: 'GPU-b', mig: null }]);
  expect([devicesOf(machine, shapeOf(machine, false).units, ['whole']), devicesOf(sliced, units, ['gpu-9'])]).toEqual([[], []]);
});
