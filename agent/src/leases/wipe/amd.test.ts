import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MI300X_ID } from '../../inventory/fixtures/amd.ts';
import { runCommand, type RunCommand, type Said } from '../../machine/command.ts';
import { AmdMachine } from '../../testing/amd-machine.ts';
import { CardStandIn, noCardStandIn } from '../../testing/card-stand-in.ts';
import { canSandbox } from '../../testing/can-sandbox.ts';
import type { Device } from '../gpus/devices.ts';
import { lookInCard, plantInCards } from './card-memory.ts';
import { wipeGpus } from './gpu.ts';

const MIB = 2 ** 20;
const TOKEN = '7b0e'.repeat(16);
const OTHER = 'f00d3c4d5e6f7082';
const CARD: Device = { unit: 'gpu-0', vendor: 'amd', uuid: `amd-0x${MI300X_ID}`, mig: null };
const PART: Device = { ...CARD, unit: 'gpu-0-1', mig: `${CARD.uuid}-p1` };
const NAME = `gpu-0 (${CARD.uuid})`;
const OK = 'GPU: 0\n    GPU_RESET: Successfully reset GPU\n';

/** What amd-smi and rocm-smi answer, from their sources (ROCm 6.3 and 7.14), not from a machine. */
function tools(answers: Readonly<Record<string, Partial<Said>>>) {
  const asked: string[] = [];
  const waits: number[] = [];
  const run: RunCommand = async (program, args) => {
    // What looks at the card's memory is not there.
    if (program === 'bwrap') return { code: null, out: '', err: '' };
    asked.push(`${program} ${args.join(' ')}`);
    const said = Object.entries(answers).find(([words]) => asked.at(-1)!.startsWith(words))?.[1];
    return { code: said === undefined ? null : 0, out: '', err: '', ...said };
  };
  return { asked, waits, run, wait: async (ms: number) => { waits.push(ms); } };
}
const amdSmi = (reset: Partial<Said> = { out: OK }) => tools({ 'amd-smi version': {}, 'amd-smi reset': reset });

describe('the wipe of AMD\'s cards (stand-in of the kernel\'s files, tools from docs, no GPU)', () => {
  let machine: AmdMachine;
  const cleaned = (): string => readFileSync(join(machine.root, 'sys/class/drm/renderD128/device/run_cleaner_shader'), 'utf8').trim();

  beforeEach(() => { machine = new AmdMachine([{ id: MI300X_ID, bus: 5, hive: 'abc' }, { id: OTHER, bus: 6, hive: 'abc' }, { id: '77', bus: 7 }]); });
  afterEach(() => machine.remove());

  it('resets a card that nobody uses, by its place on the bus', async () => {
    const idle = amdSmi();
    expect(await wipeGpus([CARD], undefined, { ...idle, root: machine.root })).toMatchObject({ found: [], evidence: [`no program uses ${NAME}`, `${NAME} was reset, which clears its state`], unchecked: [expect.stringContaining('no canary was planted'), expect.stringContaining('not overwritten')] });
    expect(idle.asked).toEqual(['amd-smi version', 'amd-smi reset --gpureset --gpu 0000:05:00.0']);
    expect(cleaned()).toBe('');
  });

  it('finds who uses it, after the kernel has had time to take back what ended', async () => {
    machine.compute(4_711, machine.rows[0]!.kfdId);
    const busy = amdSmi();
    expect((await wipeGpus([CARD], undefined, { ...busy, root: machine.root })).found).toEqual([`process 4711 uses ${NAME} still`]);
    expect(busy.asked).toEqual([]);
    expect(busy.waits).toHaveLength(19);
    const ends = { ...amdSmi(), root: machine.root, wait: async () => machine.end(4_711) };
    expect((await wipeGpus([CARD], undefined, ends)).evidence).toContain(`${NAME} was reset, which clears its state`);
  });

  it('resets no card that is linked with one of another lease, or with one that is used', async () => {
    const lease = amdSmi();
    const told = async (uuid: string) => wipeGpus([CARD], undefined, { ...lease, root: machine.root, whileNoneBegins: (work) => work([{ ...CARD, uuid }]) });
    expect((await told(`amd-0x${OTHER}`)).unchecked[0]).toBe(`${NAME} could not be reset (another lease has a card that is linked with it)`);
    expect(lease.asked).toEqual([]);
    // What it cannot take away by a reset is cleared where others are not touched.
    expect(cleaned()).toBe('0');
    expect((await told('amd-0x77')).evidence).toContain(`${NAME} was reset, which clears its state`);
    machine.compute(815, machine.rows[1]!.kfdId);
    expect((await wipeGpus([CARD], undefined, { ...amdSmi(), root: machine.root })).unchecked[0]).toContain('a program uses a card that is linked with it');
  });

  it('resets cards of one lease that are linked once', async () => {
    const idle = amdSmi();
    const { evidence } = await wipeGpus([CARD, { ...CARD, unit: 'gpu-1', uuid: `amd-0x${OTHER}` }, { ...CARD, unit: 'gpu-2', uuid: 'amd-0x77' }], undefined, { ...idle, root: machine.root });
    expect(evidence.filter((line) => line.endsWith('was reset, which clears its state'))).toHaveLength(3);
    expect(idle.asked.filter((line) => line.includes('--gpureset'))).toEqual(['amd-smi reset --gpureset --gpu 0000:05:00.0', 'amd-smi reset --gpureset --gpu 0000:07:00.0']);
  });

  it('takes only what a tool prints for a reset, since tools end with 0 all the same', async () => {
    const why = async (machineTools: ReturnType<typeof tools>): Promise<string> => (await wipeGpus([CARD], undefined, { ...machineTools, root: machine.root })).unchecked[0]!;
    expect(await why(amdSmi({ out: 'GPU: 0\n    GPU_RESET: [AMDSMI_STATUS_NOT_SUPPORTED] Unable to reset GPU\n' }))).toContain('([AMDSMI_STATUS_NOT_SUPPORTED] Unable to reset GPU)');
    expect(await why(amdSmi({ code: null }))).toContain('(it did not end in 120 s)');
    expect(await why(tools({}))).toContain('neither amd-smi nor rocm-smi is there');
    const older = tools({ 'rocm-smi --showbus': { out: JSON.stringify({ card0: { 'PCI Bus': '0000:06:00.0' }, card1: { 'PCI Bus': '0000:05:00.0' } }) }, 'rocm-smi --gpureset': { out: 'GPU[1]\t\t: Successfully reset GPU 1\n' } });
    expect((await wipeGpus([CARD], undefined, { ...older, root: machine.root })).evidence).toContain(`${NAME} was reset, which clears its state`);
    expect(older.asked.at(-1)).toBe('rocm-smi --gpureset -d 1');
    expect(await why(tools({ 'rocm-smi --showbus': { out: '{}' } }))).toContain('rocm-smi does not know it');
    expect(await why(tools({ 'rocm-smi --showbus': { out: JSON.stringify({ card0: { 'PCI Bus': '0000:05:00.0' } }) }, 'rocm-smi --gpureset': { code: 2, err: 'ERROR: GPU[0]\t: Unable to reset GPU 0\n' } }))).toContain('Unable to reset GPU 0');
  });

  it('leaves other partitions of the card alone, and says where the driver cannot clear', async () => {
    machine.remove();
    machine = new AmdMachine([{ id: MI300X_ID, bus: 5, partitions: 4, compute: 'QPX', memory: 'NPS4' }]);
    machine.compute(9, machine.rows[0]!.kfdId);
    const none = tools({});
    const part = `gpu-0-1 (${PART.mig})`;
    expect(await wipeGpus([PART], undefined, { ...none, root: machine.root })).toMatchObject({ found: [], evidence: [`no program uses ${part}`, `registers and local memory of ${part} were cleared`], unchecked: [expect.stringContaining('no canary'), expect.stringContaining(`memory of ${part}: not overwritten`)] });
    expect([none.asked, cleaned()]).toEqual([[], '1']);
    rmSync(join(machine.root, 'sys/class/drm/renderD128/device/run_cleaner_shader'));
    expect((await wipeGpus([PART], undefined, { ...none, root: machine.root })).unchecked[0]).toBe(`registers and local memory of ${part}: not cleared (the driver cannot)`);
  });

  it('says that nothing is known of a card that the kernel does not list', async () => {
    expect(await wipeGpus([{ ...CARD, uuid: 'amd-0x5' }], undefined, { ...tools({}), root: machine.root })).toEqual({ found: [], evidence: [], unchecked: ['memory of gpu-0 (amd-0x5): the kernel does not say who uses it; it is freed by the driver, and was not overwritten or read back'], canaries: [] });
    const unknown = await plantInCards([{ ...CARD, uuid: 'amd-0x5' }, { ...CARD, uuid: 'amd-0x6' }], TOKEN, [], tools({}).run, machine.root);
    expect(unknown.map(({ why }) => why)).toEqual(['the kernel does not list it', 'the kernel does not list it']);
  });
});

const noHip = noCardStandIn ?? (canSandbox ? undefined : 'there is no sandbox');
if (noHip !== undefined) console.log(`Canaries in the memory of AMD's cards are not tried: ${noHip}.`);

describe.skipIf(noHip !== undefined)('a canary in the memory of an AMD card (stand-in, no GPU)', () => {
  let hip: CardStandIn;
  let machine: AmdMachine;
  const cut = (): AmdMachine => new AmdMachine([{ id: MI300X_ID, bus: 5, partitions: 2, compute: 'DPX', memory: 'NPS2' }]);

  beforeAll(() => { hip = new CardStandIn(19 * MIB, MI300X_ID); });
  beforeEach(() => { hip.reset(); machine = new AmdMachine([{ id: MI300X_ID, bus: 5 }, { id: OTHER, bus: 6 }]); });
  afterEach(() => machine.remove());
  afterAll(() => hip.remove());

  it('is found while nothing clears what is freed, and not where that is cleared', async () => {
    const [canary] = await plantInCards([CARD], TOKEN, [], hip.run(), machine.root);
    expect(canary).toEqual({ id: CARD.uuid, unit: 'gpu-0', bytes: 19 * MIB, why: null });
    expect((await lookInCard(CARD, TOKEN, canary, hip.run(), machine.root)).found).toEqual([`a canary is in the memory of ${NAME} still: ${19 * 1_024} KiB of it, looked at 19 of 19 MiB that are free`]);
    hip.reset();
    await plantInCards([CARD], TOKEN, [], hip.run('clear'), machine.root);
    expect(await lookInCard(CARD, TOKEN, canary, hip.run('clear'), machine.root)).toEqual({ found: [], evidence: [`a canary was in 19 MiB of the memory of ${NAME} when the lease began; looked at 19 of 19 MiB that are free: no canary`, `19 of 19 MiB of the memory of ${NAME} that are free were overwritten with zeros`], unchecked: [] });
  });

  it('is planted in and looked for in the one card or partition whose node the program is given', async () => {
    machine.remove();
    machine = cut();
    expect((await plantInCards([PART], TOKEN, [], hip.run(), machine.root))[0]).toMatchObject({ id: PART.mig, bytes: 19 * MIB, why: null });
    expect((await plantInCards([CARD], TOKEN, [], hip.run(), machine.root))[0]).toMatchObject({ bytes: 0, why: 'it was cut up meanwhile' });
    const shared = new AmdMachine([{ id: MI300X_ID, bus: 5, partitions: 2, compute: 'DPX', memory: 'NPS1' }]);
    expect((await plantInCards([PART], TOKEN, [], hip.run(), shared.root))[0]).toMatchObject({ bytes: 0, why: 'other partitions share its memory' });
    shared.remove();
    // Without that it sees every card.
    const open: RunCommand = (program, args, input, mostMs) => hip.run()(args[args.indexOf('--') + 1] ?? program, args.slice(args.indexOf('--') + 2), input, mostMs);
    expect((await plantInCards([PART], TOKEN, [], open, machine.root))[0]).toMatchObject({ bytes: 0, why: 'the driver shows another number of cards than one' });
  });

  it('is not looked for in another card, nor in memory that is the machine\'s, nor without the runtime', async () => {
    const why = async (run: RunCommand, device = CARD): Promise<string | null> => (await plantInCards([device], TOKEN, [], run, machine.root))[0]!.why;
    expect(await why(hip.run(), { ...CARD, uuid: `amd-0x${OTHER}` })).toBe('the driver shows another card');
    expect(await why(hip.run('shared'))).toBe('it has no memory of its own');
    expect(await why((program, args, input, mostMs) => hip.run()(program, args.map((word) => word.replaceAll('libamdhip64', 'libamdhip64-none')), input, mostMs))).toBe('libamdhip64-none.so is not there');
    expect(await why((_program, args, input, mostMs) => runCommand('/nonexistent/bwrap', args, input, mostMs))).toBe('python3 is not there, or did not end in 12 s');
  });
});
