import { expect, test } from 'vitest';
import { H200_USED, NO_SUCH_CARD } from '../../inventory/fixtures/h200.ts';
import type { Device } from '../gpus/devices.ts';
import { wipeGpus } from './gpu.ts';

const CARD: Device = { unit: 'gpu-3', vendor: 'nvidia', uuid: 'GPU-11111111-2222-3333-4444-555555555555', mig: null };
const NAME = `gpu-3 (${CARD.uuid})`;
const NOT_PLANTED = (name: string): string[] => [`memory of ${name}: no canary was planted in it (its lease began before that was done)`, `memory of ${name}: not overwritten (python3 is not there, or did not end in 124 s)`];

const ASKS = `-i ${CARD.uuid} --query-compute-apps=pid --format=csv,noheader`;

/** nvidia-smi from its manual page, not from a machine: who uses the card, and how its reset ends. */
function card(users: { code?: number | null; out?: string }, reset: { code?: number | null; out?: string } = {}) {
  const asked: string[] = [];
  return { asked, wait: async () => {}, run: async (program: string, args: readonly string[]) => {
    if (program === 'python3') return { code: null, out: '', err: '' };
    asked.push(args.join(' '));
    return { code: 0, out: '', err: '', ...(args.includes('--gpu-reset') ? reset : users) };
  } };
}

test('a card that nobody uses is reset, by its own id', async () => {
  const idle = card({});
  expect(await wipeGpus([CARD], undefined, idle)).toEqual({ found: [], evidence: [`no program uses ${NAME}`, `${NAME} was reset, which clears its state`], unchecked: NOT_PLANTED(NAME), canaries: [] });
  expect(idle.asked).toEqual([ASKS, `--gpu-reset -i ${CARD.uuid}`, ASKS]);
});

test('a card that its machine does not want reset is looked at all the same, and says so', async () => {
  const kept = card({});
  expect((await wipeGpus([CARD], undefined, { ...kept, mayReset: false })).unchecked).toEqual([`${NAME} could not be reset (TANDEM_AGENT_GPU_RESET=none)`, ...NOT_PLANTED(NAME)]);
  expect(kept.asked).toEqual([ASKS, ASKS]);
});

test('a card that somebody uses is not clean, and is not reset under them', async () => {
  const busy = card({ out: '4711\n' });
  expect((await wipeGpus([CARD], undefined, busy)).found).toEqual([`process 4711 uses ${NAME} still`]);
  expect(busy.asked).toHaveLength(1);
});

test('a program that comes while the card is looked at is found, as one of the machine\'s own was on an H200', async () => {
  let asked = 0;
  const late = { run: async (program: string) => ({ code: program === 'python3' ? null : 0, out: program === 'python3' || (asked += 1) < 3 ? '' : H200_USED, err: '' }), wait: async () => {} };
  expect(await wipeGpus([CARD], undefined, late)).toMatchObject({ found: [`process 4080 began to use ${NAME} meanwhile`], canaries: [] });
});

test('a card that is not there any more is not said to be unused (recorded)', async () => {
  expect(await wipeGpus([CARD], undefined, card({ code: 6, out: NO_SUCH_CARD }))).toMatchObject({ evidence: [], unchecked: [expect.stringContaining('does not say who uses it')] });
});

test('what could not be done is named: a reset that is refused, a card that does not answer, slices, cards of others', async () => {
  const linked = card({}, { code: 3, out: 'GPU 00000000:1B:00.0 is currently in use by another process.\n' });
  expect((await wipeGpus([CARD], undefined, linked)).unchecked).toEqual([`${NAME} could not be reset (GPU 00000000:1B:00.0 is currently in use by another process.)`, ...NOT_PLANTED(NAME)]);
  expect(await wipeGpus([CARD], undefined, card({ code: null }))).toMatchObject({ found: [], evidence: [], unchecked: [expect.stringContaining('does not say who uses it')] });
  const none = card({});
  expect((await wipeGpus([{ ...CARD, mig: 'MIG-1' }, { ...CARD, vendor: 'amd', uuid: '0x1' }], undefined, { ...none, root: '/nonexistent' })).unchecked).toEqual(['memory of gpu-3 (0x1): the kernel does not say who uses it; it is freed by the driver, and was not overwritten or read back', ...NOT_PLANTED('gpu-3 (MIG-1)')]);
  expect(none.asked).toEqual([]);
  expect([await wipeGpus([], undefined, none, true), await wipeGpus([], undefined, none, false)]).toEqual([{ found: [], evidence: [], unchecked: ['memory of GPUs'], canaries: [] }, { found: [], evidence: [], unchecked: [], canaries: [] }]);
});
