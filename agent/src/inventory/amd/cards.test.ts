import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { RunCommand } from '../../machine/command.ts';
import { AmdMachine, type StandInCard } from '../../testing/amd-machine.ts';
import { MI300X, MI300X_ID, smiList, smiMetric, smiStatic, type SmiRow } from '../fixtures/amd.ts';
import { takeGpus } from '../gpus.ts';
import { amdCards, nodesOfCard, usersOf } from './kfd.ts';
import { readAmdSmi, readRocmSmi } from './tools.ts';

const OTHER = 'f00d3c4d5e6f7082';
let machine: AmdMachine | undefined;
const withCards = (...cards: StandInCard[]): AmdMachine => (machine = new AmdMachine(cards));
const absent = { code: null, out: '', err: '' };
const amdSmi = (rows: readonly SmiRow[], wrapped = false): RunCommand => async (program, args) => (program !== 'amd-smi' ? absent : { code: 0, err: '', out: { list: smiList, static: smiStatic, metric: smiMetric }[args[0] as 'list' | 'static' | 'metric'](rows, wrapped) });
const rocmSmi: RunCommand = async (program) => (program === 'rocm-smi' ? { code: 2, out: MI300X, err: '' } : absent);

afterEach(() => machine?.remove());

describe('AMD\'s cards (stand-in of the kernel\'s files, outputs from docs, no GPU)', () => {
  it('are named by the kernel and measured by amd-smi, in both of its forms', async () => {
    const { root, rows } = withCards({ id: MI300X_ID, bus: 5, hive: 'abc', compute: 'SPX', memory: 'NPS1' }, { id: OTHER, bus: 0x27, hive: 'abc', compute: 'SPX', memory: 'NPS1' });
    for (const wrapped of [false, true]) {
      const { gpus, problems } = await takeGpus(amdSmi(rows, wrapped), root);
      expect(problems).toEqual([]);
      expect(gpus).toMatchObject([
        { vendor: 'amd', index: 0, uuid: `amd-0x${MI300X_ID}`, name: 'AMD Instinct MI300X', memoryBytes: 206_141_652_992, usedBytes: 283 * 2 ** 20, duty: 12, temperatureC: 44, ecc: { corrected: 3, uncorrected: 0 }, driver: '6.12.12', mig: false, migDevices: [] },
        { index: 1, uuid: `amd-0x${OTHER}` },
      ]);
    }
    expect(amdCards(root).map(({ bus, hive, nodes }) => [bus, hive, nodes[0]!.render])).toEqual([['0000:05:00.0', 'abc', '/dev/dri/renderD128'], ['0000:27:00.0', 'abc', '/dev/dri/renderD129']]);
  });

  it('are measured by rocm-smi where amd-smi is not there, and by nothing where neither is', async () => {
    const { root } = withCards({ id: MI300X_ID, bus: 5 });
    expect((await takeGpus(rocmSmi, root)).gpus).toMatchObject([{ uuid: `amd-0x${MI300X_ID}`, duty: 12, temperatureC: 44, driver: '6.10.5', mig: null }]);
    expect(await takeGpus(async () => absent, root)).toMatchObject({ gpus: [{ name: 'AMD GPU', memoryBytes: 206_141_652_992, duty: null, temperatureC: null, driver: null }], problems: [] });
    expect(await takeGpus(rocmSmi, '/nonexistent')).toMatchObject({ gpus: [{ uuid: `amd-0x${MI300X_ID}` }], problems: [expect.stringContaining('cannot be computed on')] });
  });

  it('are one card each when they are cut up, with partitions that have memory of their own or share it', async () => {
    const cut = async (partitions: number, compute: string, memory: string) => {
      const { root, rows } = withCards({ id: MI300X_ID, bus: 5, partitions, compute, memory }, { id: OTHER, bus: 6, partitions, compute, memory });
      const { gpus } = await takeGpus(amdSmi(rows), root);
      machine!.remove();
      expect(gpus).toHaveLength(2);
      expect(new Set(gpus.flatMap(({ migDevices }) => migDevices.map(({ uuid }) => uuid))).size).toBe(2 * partitions);
      return gpus[0]!;
    };
    expect(await cut(4, 'QPX', 'NPS4')).toMatchObject({ mig: true, duty: 12, migDevices: [{ uuid: `amd-0x${MI300X_ID}-p0`, profile: 'qpx.48gb', memoryBytes: 51_535_413_248 }, {}, {}, { uuid: `amd-0x${MI300X_ID}-p3` }] });
    expect((await cut(4, 'QPX', 'NPS4')).migDevices[0]).not.toHaveProperty('sharesMemory');
    expect((await cut(8, 'CPX', 'NPS4')).migDevices[7]).toMatchObject({ profile: 'cpx.24gb', sharesMemory: true });
    expect((await cut(8, 'CPX', 'NPS1')).migDevices[0]).toMatchObject({ profile: 'cpx.24gb', memoryBytes: 25_767_706_624, sharesMemory: true });
  });

  it('that are sick are told, with what is wrong', async () => {
    const { root, rows } = withCards({ id: MI300X_ID, bus: 5, uncorrected: 4 }, { id: OTHER, bus: 6 });
    const sick = await takeGpus(amdSmi([{ ...rows[0]!, hotspot: 104 }]), root);
    expect(sick.broken).toEqual([`amd-0x${OTHER}`, `amd-0x${MI300X_ID}`]);
    expect(sick.problems).toEqual(['GPU 1 at 0000:06:00.0 is not known to amd-smi', 'GPU 0 (AMD Instinct MI300X) has 4 memory errors that could not be corrected', 'GPU 0 (AMD Instinct MI300X) has 104 °C']);
    // An MI300X may be that hot: it slows down at 100 °C.
    expect((await takeGpus(amdSmi([{ ...rows[0]!, hotspot: 95 }, rows[1]!]), root)).problems).toEqual([expect.stringContaining('memory errors')]);
    // Whose work makes a card hot pays for it all the same.
    expect((await takeGpus(amdSmi([rows[0]!, { ...rows[1]!, hotspot: 104 }]), root)).broken).toEqual([`amd-0x${MI300X_ID}`]);
  });

  it('without an id of their own are named by their place on the bus', () => {
    const { root } = withCards({ bus: 3 });
    expect(amdCards(root)).toMatchObject([{ uuid: 'amd-0000:03:00.0', hive: null, nodes: [{ uniqueId: '' }] }]);
  });

  it('have the nodes of the whole, of one partition, or none', () => {
    const cards = amdCards(withCards({ id: MI300X_ID, bus: 5, partitions: 2, compute: 'DPX', memory: 'NPS2' }, { id: OTHER, bus: 6 }).root);
    const renders = (uuid: string, mig: string | null) => nodesOfCard(cards, uuid, mig)?.map(({ render }) => render);
    expect(renders(`amd-0x${MI300X_ID}`, null)).toEqual(['/dev/dri/renderD128', '/dev/dri/renderD129']);
    expect(renders(`amd-0x${MI300X_ID}`, `amd-0x${MI300X_ID}-p1`)).toEqual(['/dev/dri/renderD129']);
    expect([renders(`amd-0x${OTHER}`, `amd-0x${OTHER}-p0`), renders(`amd-0x${MI300X_ID}`, `amd-0x${MI300X_ID}-p2`), renders('amd-0x1', null)]).toEqual([undefined, undefined, undefined]);
  });

  it('say who computes on them', () => {
    const { root, rows } = withCards({ id: MI300X_ID, bus: 5 }, { id: OTHER, bus: 6 });
    const [first, second] = amdCards(root);
    machine!.compute(4_711, rows[0]!.kfdId);
    machine!.compute(815, rows[1]!.kfdId, 0);
    expect([usersOf(first!.nodes, root), usersOf(second!.nodes, root), usersOf(first!.nodes, '/nonexistent')]).toEqual([['4711'], ['815'], undefined]);
    machine!.end(815);
    expect(usersOf(second!.nodes, root)).toEqual([]);
  });

  it('are read from any text without a throw', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), fc.oneof(fc.string(), fc.json()), (some, other) => {
      expect(readAmdSmi(some, other, some)).toBeInstanceOf(Array);
      expect(readRocmSmi(other)).toBeInstanceOf(Array);
    }));
    expect(readAmdSmi('WARNING: no group\n[{"gpu":0,"kfd_id":"N/A"}]', 'null', '[1]')).toEqual([{ gpuId: null, uniqueId: null, name: null, driver: null, memoryBytes: null, usedBytes: null, duty: null, temperatureC: null }]);
  });
});
