import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runCommand, type RunCommand } from '../../machine/command.ts';
import { CardStandIn, noCardStandIn } from '../../testing/card-stand-in.ts';
import type { Device } from '../gpus/devices.ts';
import { lookInCard, plantInCards, readPrinted, type CardCanary } from './card-memory.ts';
import { wipeGpus } from './gpu.ts';

const MIB = 2 ** 20;
const TOKEN = '7b0e'.repeat(16);
const CARD: Device = { unit: 'gpu-3', vendor: 'nvidia', uuid: 'GPU-0a1b2c3d-0000-4000-8000-5741bd1e0001', mig: null };
const NAME = `gpu-3 (${CARD.uuid})`;
const FILLED = `131 of 131 MiB of the memory of ${NAME} that are free were overwritten with zeros`;
const PLANTED: CardCanary = { id: CARD.uuid, unit: 'gpu-3', bytes: 64 * MIB, why: null };

if (noCardStandIn !== undefined) console.log(`Canaries in the memory of cards are not tried: ${noCardStandIn}.`);

describe.skipIf(noCardStandIn !== undefined)('a canary in the memory of a card (stand-in, no GPU)', () => {
  let cuda: CardStandIn;
  const plant = async (run: RunCommand): Promise<CardCanary> => (await plantInCards([CARD], TOKEN, [], run))[0]!;
  const look = (canary: CardCanary, run: RunCommand, token = TOKEN) => lookInCard(CARD, token, canary, run);

  beforeAll(() => { cuda = new CardStandIn(131 * MIB); });
  beforeEach(() => cuda.reset());
  afterAll(() => cuda.remove());

  it('is found by another process while nothing clears what is freed, and not with another secret', async () => {
    const canary = await plant(cuda.run());
    expect(canary).toEqual({ id: CARD.uuid, unit: 'gpu-3', bytes: 66 * MIB, why: null });
    expect(await look(canary, cuda.run())).toEqual({ found: [`a canary is in the memory of ${NAME} still: ${66 * 1_024} KiB of it, looked at 131 of 131 MiB that are free`], evidence: [], unchecked: [] });
    await plant(cuda.run());
    expect(await look(canary, cuda.run(), 'another lease\'s')).toMatchObject({ found: [], evidence: [expect.stringContaining('no canary'), FILLED] });
  });

  it('is not found where memory is cleared when it is freed; no more is said than was read', async () => {
    const canary = await plant(cuda.run('clear'));
    expect(await look(canary, cuda.run('clear'))).toEqual({ found: [], evidence: [`a canary was in 66 MiB of the memory of ${NAME} when the lease began; looked at 131 of 131 MiB that are free: no canary`, FILLED], unchecked: [] });
  });

  it('is counted by the card where the driver compiles that and it finds what is planted for it, and by copies else', async () => {
    for (const does of ['compiles', 'compiles blind', 'compiles unreadable']) {
      const canary = await plant(cuda.run());
      const looked = await look(canary, cuda.run(does));
      if (does.includes('unreadable')) expect(looked.unchecked).toEqual([expect.stringContaining('not read back or overwritten (cuMemcpyDtoH_v2 answered 700)')]);
      // The card's own count has a part of the memory for itself.
      else expect(looked.found).toEqual([expect.stringMatching(does === 'compiles' ? /: 6\d{4} KiB of it, looked at 130 of 131 MiB/ : /: 6\d{4} KiB of it, looked at 13[01] of 131 MiB/)]);
    }
  });

  it('is overwritten, found or not, and so is what nobody planted anything in', async () => {
    await plant(cuda.run());
    expect(await look(PLANTED, cuda.run())).toMatchObject({ found: [expect.stringContaining('still')] });
    expect(await look(PLANTED, cuda.run())).toMatchObject({ found: [], unchecked: [] });
    expect(await lookInCard(CARD, TOKEN, undefined, cuda.run())).toEqual({ found: [], evidence: [FILLED], unchecked: [expect.stringContaining('no canary was planted')] });
    expect(await look(PLANTED, cuda.run('readonly'))).toMatchObject({ evidence: [expect.stringContaining('no canary')], unchecked: [`memory of ${NAME}: not overwritten (too small to be taken)`] });
  });

  it('is found in small blocks where large ones are not to be had', async () => {
    const canary = await plant(cuda.run('small'));
    expect(canary.bytes).toBe(66 * MIB);
    expect((await look(canary, cuda.run('small'))).found).toEqual([expect.stringContaining(`${66 * 1_024} KiB of it, looked at 131 of 131 MiB`)]);
  });

  it('is not looked for beyond the time, and what was not looked at is said', async () => {
    await plant(cuda.run());
    const hasty: RunCommand = (program, args, input, mostMs) => cuda.run()(program, args.map((word) => (/^\d+$/.test(word) ? '0' : word)), input, mostMs);
    expect(await look(PLANTED, hasty)).toEqual({ found: [], evidence: [FILLED], unchecked: [`memory of ${NAME}: not read back (not read after 120 s)`] });
    expect(await plant(hasty)).toMatchObject({ bytes: 0, why: 'the time for it, 8 s, was over' });
  });

  it('is not looked for where the card is another one, cannot be read, or shares the machine\'s memory', async () => {
    const why = async (does: string, card = CARD): Promise<readonly string[]> => (await lookInCard(card, TOKEN, PLANTED, cuda.run(does))).unchecked;
    expect(await why('unreadable')).toEqual([`memory of ${NAME}: not read back or overwritten (cuMemcpyDtoH_v2 answered 700)`]);
    expect(await why('shared')).toEqual([`memory of ${NAME}: not read back or overwritten (it has no memory of its own)`]);
    expect(await why('', { ...CARD, mig: 'MIG-1' })).toEqual(['memory of gpu-3 (MIG-1): not read back or overwritten (cuInit answered 100)']);
    expect(await plant(cuda.run('shared'))).toMatchObject({ bytes: 0, why: 'it has no memory of its own' });
  });

  it('quarantines the card by being found after its reset, until a reset clears it', async () => {
    const cards = [await plant(cuda.run())];
    const canaries = { token: TOKEN, places: [], cards, atMs: 0 };
    const machine = (clears: boolean): RunCommand => async (program, args, input, mostMs) => {
      if (program !== 'nvidia-smi') return cuda.run()(program, args, input, mostMs);
      if (clears && args.includes('--gpu-reset')) cuda.reset();
      return { code: 0, out: '', err: '' };
    };
    const left = await wipeGpus([CARD], canaries, { run: machine(false), wait: async () => {} });
    expect(left.found).toEqual([expect.stringContaining('a canary is in the memory')]);
    expect(left.canaries).toEqual(left.found);
    expect(await wipeGpus([CARD], canaries, { run: machine(true), wait: async () => {} })).toMatchObject({ found: [], canaries: [], unchecked: [], evidence: [`no program uses ${NAME}`, `${NAME} was reset, which clears its state`, expect.stringContaining('looked at 131 of 131 MiB that are free: no canary'), FILLED] });
  });

  it('needs a driver\'s library', async () => {
    expect(await plant((program, args, input, mostMs) => runCommand('env', ['LD_LIBRARY_PATH=/nonexistent', program, ...args.map((word) => word.replaceAll('libcuda.so.1', 'libcuda-none.so.1'))], input, mostMs))).toMatchObject({ bytes: 0, why: 'libcuda-none.so.1 is not there' });
  });
});

describe('the words of a card\'s memory', () => {
  const none: RunCommand = (_program, args, input, mostMs) => runCommand('/nonexistent/python3', args, input, mostMs);
  const saying = (said: object): RunCommand => async () => ({ code: 0, out: JSON.stringify({ free: 0, done: 0, found: 0, filled: 0, late: false, why: null, ...said }), err: '' });

  it('says that there is no python3, and why nothing was planted', async () => {
    const [canary] = await plantInCards([CARD], TOKEN, [], none);
    expect(canary).toEqual({ id: CARD.uuid, unit: 'gpu-3', bytes: 0, why: 'python3 is not there, or did not end in 12 s' });
    expect(await lookInCard(CARD, TOKEN, canary, none)).toEqual({ found: [], evidence: [], unchecked: [`memory of ${NAME}: no canary was planted in it (python3 is not there, or did not end in 12 s)`, `memory of ${NAME}: not overwritten (python3 is not there, or did not end in 124 s)`] });
    expect(await lookInCard(CARD, TOKEN, PLANTED, none)).toEqual({ found: [], evidence: [], unchecked: [`memory of ${NAME}: not read back or overwritten (python3 is not there, or did not end in 124 s)`] });
  });

  it('keeps what was planted before a restart where nothing could be planted after it', async () => {
    expect(await plantInCards([CARD], TOKEN, [PLANTED], none)).toEqual([PLANTED]);
    expect(await plantInCards([CARD], TOKEN, [PLANTED], saying({ free: 9 * MIB, done: MIB }))).toEqual([{ ...PLANTED, bytes: MIB }]);
  });

  it('says what was looked at, and what not', async () => {
    const some = await lookInCard(CARD, TOKEN, PLANTED, saying({ free: 100 * MIB, done: 60 * MIB, filled: 99 * MIB, late: true }));
    expect(some).toEqual({ found: [], evidence: [expect.stringContaining('looked at 60 of 100 MiB that are free: no canary'), expect.stringContaining('99 of 100 MiB')], unchecked: [`memory of ${NAME}: 40 MiB not read back (not read after 120 s)`, `memory of ${NAME}: 1 MiB not overwritten (not read after 120 s)`] });
    expect((await lookInCard(CARD, TOKEN, PLANTED, saying({ free: 100 * MIB, done: 99.5 * MIB, filled: 99.5 * MIB }))).unchecked).toEqual([`memory of ${NAME}: 1 MiB not read back or overwritten (too small to be taken)`]);
    // An H200 while a program of the machine's own began.
    expect((await lookInCard(CARD, TOKEN, PLANTED, saying({ free: 142_629 * MIB, done: 137_946 * MIB, filled: 137_946 * MIB }))).unchecked).toEqual([`memory of ${NAME}: 4683 MiB not read back or overwritten (something else took it meanwhile)`]);
    expect((await lookInCard(CARD, TOKEN, PLANTED, saying({ free: 100 * MIB, done: 9 * MIB, found: 32, why: 'cuMemcpyDtoH_v2 answered 700' }))).found).toEqual([expect.stringContaining('1 KiB of it, looked at 9 of 100 MiB')]);
  });

  it('never takes what was not read for looked at', () => fc.assert(fc.asyncProperty(fc.nat(), fc.nat(), fc.boolean(), fc.option(fc.string({ minLength: 1 })), async (free, done, late, why) => {
    const { evidence, unchecked } = await lookInCard(CARD, TOKEN, PLANTED, saying({ free, done: Math.min(done, free), late, why }));
    expect(evidence.length + unchecked.length).toBeGreaterThan(0);
    if (done === 0 || free === 0) expect(evidence).toEqual([]);
    if (done < free || why !== null) expect(unchecked.some((line) => line.includes('not read back'))).toBe(true);
    expect(unchecked.some((line) => line.includes('overwritten'))).toBe(true);
  })));

  it('believes nothing that is no count of bytes', () => {
    for (const out of ['', 'null', '[]', '{}', '{"free":1,"done":-1,"found":0}', '{"free":1,"done":1,"found":"0","filled":0}', '{"free":1,"done":1,"found":0}', '{"free":1e99,"done":1,"found":0,"filled":0}']) expect(readPrinted(out)).toBeUndefined();
    expect(readPrinted('{"free":1,"done":1,"found":0,"filled":1,"why":5}')).toEqual({ free: 1, done: 1, found: 0, filled: 1, late: false, why: null });
  });
});
