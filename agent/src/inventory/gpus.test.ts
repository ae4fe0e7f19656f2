import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunCommand } from '../machine/command.ts';
import { H200, H200_ID, H200_LIST, H200_ROWS } from './fixtures/h200.ts';
import { ASKS_FOR_RESET, B200, DESKTOP, H100_MIG, H100_MIG_LIST, SICK, TWO_H100, TWO_H100_LIST } from './fixtures/nvidia.ts';
import { readNvidia, takeGpus } from './gpus.ts';

const machine = (answers: Readonly<Record<string, { code?: number | null; out?: string; err?: string }>>): RunCommand => async (program, args) => {
  const said = answers[`${program} ${args[0]!.split('=')[0]!}`] ?? { code: null };
  return { code: said.code === undefined ? 0 : said.code, out: said.out ?? '', err: said.err ?? '' };
};

describe('a GPU (recorded on a machine with an H200)', () => {
  const h200 = (rows: string) => takeGpus(machine({ 'nvidia-smi --query-gpu': { out: H200 }, 'nvidia-smi -L': { out: H200_LIST }, 'nvidia-smi --query-remapped-rows': { out: rows } }), '/nonexistent');

  it('is told with all that it says', async () => {
    expect(await h200(H200_ROWS)).toEqual({
      gpus: [{ vendor: 'nvidia', index: 0, uuid: H200_ID, name: 'NVIDIA H200', memoryBytes: 143_771 * 2 ** 20, usedBytes: 0, duty: 0, temperatureC: 37, ecc: { corrected: 0, uncorrected: 0 }, driver: '580.159.04', mig: false, migDevices: [] }],
      problems: [], broken: [],
    });
  });

  it('has a problem where a row of its memory waits for a reset, and is broken where one cannot be replaced', async () => {
    expect(await h200(H200_ROWS.replace('No, No', 'Yes, No'))).toMatchObject({ problems: ['GPU 0 (NVIDIA H200) replaces a row of its memory that has errors when it is reset'], broken: [] });
    expect(await h200(H200_ROWS.replace('No, No', 'No, Yes'))).toMatchObject({ problems: ['GPU 0 (NVIDIA H200) cannot replace a row of its memory that has errors'], broken: [H200_ID] });
  });
});

describe('GPUs (outputs from docs, no real cards)', () => {
  it('of a machine with two H100', async () => {
    const { gpus, problems } = await takeGpus(machine({ 'nvidia-smi --query-gpu': { out: TWO_H100 }, 'nvidia-smi -L': { out: TWO_H100_LIST } }));
    expect(problems).toEqual([]);
    expect(gpus).toMatchObject([{ index: 0, name: 'NVIDIA H100 80GB HBM3', memoryBytes: 85_520_809_984, duty: 0, temperatureC: 35, mig: false, migDevices: [] }, { index: 1, duty: 98, temperatureC: 71, ecc: { corrected: 2, uncorrected: 0 } }]);
  });

  it('of a B200, and of a desktop card, which does not know of ECC and partitions', () => {
    expect(readNvidia(B200, '').gpus[0]).toMatchObject({ name: 'NVIDIA B200', memoryBytes: 192_265_846_784, driver: '570.124.06' });
    expect(readNvidia(DESKTOP, '').gpus[0]).toMatchObject({ ecc: { corrected: null, uncorrected: null }, mig: null });
  });

  it('in partitions', () => {
    expect(readNvidia(H100_MIG, H100_MIG_LIST).gpus[0]).toMatchObject({ mig: true, duty: null, migDevices: [{ profile: '3g.40gb' }, { profile: '2g.20gb' }, { profile: '1g.10gb', uuid: 'MIG-9d14fb21-4ae1-546f-a636-011582899c39', memoryBytes: 10_000_000_000 }] });
  });

  it('that are sick are told, with what is wrong', async () => {
    const { gpus, problems, broken } = await takeGpus(machine({ 'nvidia-smi --query-gpu': { code: 15, out: SICK }, 'nvidia-smi -L': { code: 15 } }));
    expect(gpus).toHaveLength(2);
    expect(problems).toEqual([
      expect.stringContaining('nvidia-smi ended with 15'), expect.stringContaining('GPU 0000:BA:00.0: GPU is lost'), 'GPU 1 (NVIDIA H100 80GB HBM3) has 3 memory errors that could not be corrected', 'GPU 1 (NVIDIA H100 80GB HBM3) has 91 °C',
    ]);
    expect(broken).toEqual([gpus[1]!.uuid]);
    const reset = readNvidia(ASKS_FOR_RESET, '');
    expect(reset).toMatchObject({ gpus: [{ memoryBytes: null, duty: null }], problems: ['GPU 0 says [GPU requires reset]'], broken: ['GPU-11111111-2222-3333-4444-555555555555'] });
  });

  it('are none where no tool is', async () => {
    expect(await takeGpus(machine({}), '/nonexistent')).toEqual({ gpus: [], problems: [], broken: [] });
  });

  it('are not taken for none where their driver hangs', async () => {
    const root = mkdtempSync(join(tmpdir(), 'tandem-gpus-'));
    mkdirSync(join(root, 'dev'));
    writeFileSync(join(root, 'dev/nvidiactl'), '');
    expect((await takeGpus(machine({}), root)).problems).toEqual(['nvidia-smi is not there or did not answer, and NVIDIA\'s driver is loaded']);
    rmSync(root, { recursive: true });
  });

  it('are read from any text without a throw', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (query, list) => {
      expect(readNvidia(query, list).gpus.length).toBeLessThanOrEqual(query.split('\n').length);
    }));
  });
});
