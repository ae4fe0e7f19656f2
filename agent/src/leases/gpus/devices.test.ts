import { expect, test } from 'vitest';
import { amdCards } from '../../inventory/amd/kfd.ts';
import { MI300X_ID } from '../../inventory/fixtures/amd.ts';
import { H200_ID, H200_LIST, H200_QUERY } from '../../inventory/fixtures/h200.ts';
import { H100_MIG_LIST, TWO_H100_LIST } from '../../inventory/fixtures/nvidia.ts';
import { AmdMachine } from '../../testing/amd-machine.ts';
import { meet, nodesByPlace, nodesOf, readDevices, type CardFacts, type Device } from './devices.ts';

/*
 * From documentation, not from a machine, but where a test says so: the document of `nvidia-smi -q -x` is that of nvsmi_device_v12.dtd, cut to what is read; the files of
 * /proc/driver/nvidia/capabilities and their numbers are the MIG User Guide's ("Device nodes and capabilities"); AMD's cards
 * are from `amd-machine.ts`.
 */
const FIRST = 'GPU-11111111-2222-3333-4444-555555555555';
const SECOND = 'GPU-66666666-7777-8888-9999-000000000000';
const gpu = (bus: string, uuid: string, minor: number, migs = 'None'): string => `<gpu id="${bus}">\n\t\t<mig_devices>\n\t\t\t${migs}\n\t\t</mig_devices>\n\t\t<uuid>${uuid}</uuid>\n\t\t<minor_number>${minor}</minor_number>\n\t</gpu>`;
const mig = (index: number, gi: number, ci: number): string => `<mig_device>\n\t\t\t\t<index>${index}</index>\n\t\t\t\t<gpu_instance_id>${gi}</gpu_instance_id>\n\t\t\t\t<compute_instance_id>${ci}</compute_instance_id>\n\t\t\t</mig_device>`;
const CAPABILITIES: Readonly<Record<string, string>> = {
  'gpu3/mig/gi2/access': 'DeviceFileMinor: 21\nDeviceFileMode: 292\nDeviceFileModify: 1\n', 'gpu3/mig/gi2/ci0/access': 'DeviceFileMinor: 22\nDeviceFileMode: 292\nDeviceFileModify: 1\n',
  'gpu3/mig/gi9/access': 'DeviceFileMinor: 84\n', 'gpu3/mig/gi9/ci0/access': 'DeviceFileMinor: 85\n',
};
const facts = (more: Partial<CardFacts> = {}): CardFacts => ({ query: `<nvidia_smi_log>${gpu('00000000:1B:00.0', FIRST, 1)}${gpu('00000000:43:00.0', SECOND, 0)}</nvidia_smi_log>`, list: TWO_H100_LIST, capability: (path) => CAPABILITIES[path] ?? '', amd: [], ...more });
const whole = (uuid: string, unit = 'gpu-0'): Device => ({ unit, vendor: 'nvidia', uuid, mig: null });
const slice = (id: string): Device => ({ unit: 'gpu-0-0', vendor: 'nvidia', uuid: FIRST, mig: id });
const ALL = ['/dev/nvidiactl', '/dev/nvidia-uvm', '/dev/nvidia-uvm-tools'];

test('a card is shown by the number of its node, which is not its place in the list', () => {
  expect(nodesOf([whole(FIRST)], facts())).toEqual(['/dev/nvidia1', ...ALL]);
  expect(nodesOf([whole(FIRST), whole(SECOND, 'gpu-1')], facts())).toEqual(['/dev/nvidia1', ...ALL, '/dev/nvidia0']);
  for (const uuid of ['GPU-lost', '']) expect(() => nodesOf([whole(uuid)], facts({ query: '<gpu id="x"><uuid></uuid><minor_number>0</minor_number>' }))).toThrow('does not have what gpu-0 was');
});

test('a card is shown on a machine with an H200 (recorded)', () => {
  expect(nodesOf([whole(H200_ID)], { query: H200_QUERY, list: H200_LIST, capability: () => '', amd: [] })).toEqual(['/dev/nvidia0', ...ALL]);
});

test('a slice is shown by the capabilities of its own instances', () => {
  const sliced = facts({ query: gpu('00000000:1B:00.0', FIRST, 3, [mig(0, 2, 0), mig(1, 3, 0), mig(2, 9, 0)].join('')), list: H100_MIG_LIST });
  expect(nodesOf([slice('MIG-7089d0f3-293f-58c9-8f8c-5ea666eedbde')], sliced)).toEqual(['/dev/nvidia3', ...ALL, '/dev/nvidia-caps/nvidia-cap21', '/dev/nvidia-caps/nvidia-cap22']);
  expect(nodesOf([slice('MIG-9d14fb21-4ae1-546f-a636-011582899c39')], sliced).slice(-2)).toEqual(['/dev/nvidia-caps/nvidia-cap84', '/dev/nvidia-caps/nvidia-cap85']);
  // No capability, no such slice, a slice of another card, a card that is not cut up any more.
  for (const id of ['MIG-56c30729-347f-5dd6-8da0-c3cc59e969e0', 'MIG-none']) expect(() => nodesOf([slice(id)], sliced)).toThrow('does not have');
  expect(() => nodesOf([slice('MIG-7089d0f3-293f-58c9-8f8c-5ea666eedbde')], { ...sliced, list: `GPU 0: X (UUID: ${FIRST})\n${H100_MIG_LIST.replaceAll(FIRST, SECOND)}` })).toThrow('does not have');
  expect(() => nodesOf([slice('MIG-7089d0f3-293f-58c9-8f8c-5ea666eedbde')], facts())).toThrow('does not have');
});

test('an AMD card is shown by its render node and what all share, a partition by its own (stand-in of the kernel\'s files)', () => {
  const machine = new AmdMachine([{ id: MI300X_ID, bus: 5, partitions: 2, compute: 'DPX', memory: 'NPS2' }, { id: 'aa2b3c4d5e6f7081', bus: 6 }, { bus: 7 }]);
  const amd = amdCards(machine.root);
  machine.remove();
  const card = (uuid: string, part: string | null = null): Device => ({ unit: 'gpu-1', vendor: 'amd', uuid, mig: part });
  expect(nodesOf([card('amd-0xaa2b3c4d5e6f7081')], facts({ amd }))).toEqual(['/dev/dri/renderD130', '/dev/kfd']);
  expect(nodesOf([card(`amd-0x${MI300X_ID}`, `amd-0x${MI300X_ID}-p1`)], facts({ amd }))).toEqual(['/dev/dri/renderD129', '/dev/kfd']);
  expect(nodesOf([card(`amd-0x${MI300X_ID}`), card('amd-0000:07:00.0')], facts({ amd }))).toEqual(['/dev/dri/renderD128', '/dev/dri/renderD129', '/dev/kfd', '/dev/dri/renderD131']);
  for (const unknown of [card('amd-card-0'), card('amd-'), card(''), card(`amd-0x${MI300X_ID}`, `amd-0x${MI300X_ID}-p2`)]) expect(() => nodesOf([unknown], facts({ amd }))).toThrow('does not have');
});

test('two leases meet on a card, on a slice of it and on the same slice, and not on two slices', () => {
  const [a, b] = [slice('MIG-1'), slice('MIG-2')];
  expect([meet([a], [b]), meet([a], [a]), meet([whole(FIRST)], [b]), meet([b], [whole(FIRST)]), meet([whole(FIRST)], [whole(SECOND)])]).toEqual([false, true, true, true, false]);
});

test('a grant names devices, or an older server none', () => {
  expect(readDevices([{ unit: 'gpu-0', vendor: 'amd', uuid: 'amd-1', mig: null }])).toEqual([{ unit: 'gpu-0', vendor: 'amd', uuid: 'amd-1', mig: null }]);
  for (const wrong of ['x', [{}], [{ unit: 'gpu-0', uuid: 5 }], Array.from({ length: 300 }, () => whole(FIRST))]) expect(() => readDevices(wrong)).toThrow();
  expect(readDevices(undefined)).toBeUndefined();
  expect([nodesByPlace(['gpu-1', 'gpu-3']), nodesByPlace(['whole']), nodesByPlace(['gpu-0-1']), nodesByPlace(['gpu-../sda'])]).toEqual([['/dev/nvidia1', '/dev/nvidia3', ...ALL], [], [], []]);
});
