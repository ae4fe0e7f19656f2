import { dirname } from 'node:path';
import { amdCards, nodesOfCard, sharesMemory, type KfdNode } from '../../inventory/amd/kfd.ts';
import { AT_A_TIME, atATime } from '../../machine/at-a-time.ts';
import type { RunCommand } from '../../machine/command.ts';
import type { Device } from '../gpus/devices.ts';
import { CARD_PROGRAM, LIBRARIES } from './card-program.ts';

/** What was planted in the memory of one card or slice when a lease began. */
export interface CardCanary {
  /** The card's own id, or the slice's. */
  readonly id: string;
  readonly unit: string;
  /** How much of the pattern was written; 0: nothing. */
  readonly bytes: number;
  /** Why there is nothing, or not all of it. */
  readonly why: string | null;
}

/** What a look at a card's memory came to. */
export interface MemoryLook {
  readonly found: readonly string[];
  readonly evidence: readonly string[];
  readonly unchecked: readonly string[];
}

/** What the program printed; bytes. */
interface Printed {
  readonly free: number;
  readonly done: number;
  readonly found: number;
  /** Overwritten with zeros. */
  readonly filled: number;
  readonly late: boolean;
  readonly why: string | null;
}

/** A lease waits for it. */
const PLANT_S = 8;
/** Of a card with 192 GB, at 2 GB/s. */
const LOOK_S = 120;
/** More than this is not what is left over between blocks and what the count needs. */
const SMALL_BYTES = 64 * 2 ** 20;
/** To start, and to end by itself. */
const SLACK_S = 4;
const MIB = 2 ** 20;

/** The card's or slice's own id. */
export function idOf({ uuid, mig }: Pick<Device, 'uuid' | 'mig'>): string {
  return mig ?? uuid;
}

/**
 * Writes what comes of the token into the memory of each of a lease's cards, and gives it back as it is. Before anybody is let in: memory that is
 * taken meanwhile is not to be had. Never throws. @param before what was planted when the lease began before, which may be there still.
 * @param root of the file system.
 */
export async function plantInCards(devices: readonly Device[], token: string, before: readonly CardCanary[], run: RunCommand, root = '/'): Promise<CardCanary[]> {
  return atATime(devices, AT_A_TIME, async (device) => {
    const { done, late, why } = await ask('plant', device, token, PLANT_S, run, root);
    const old = before.find(({ id }) => id === idOf(device));
    if (done === 0 && old !== undefined && old.bytes > 0) return old;
    return { id: idOf(device), unit: device.unit, bytes: done, why: why ?? (late ? `the time for it, ${PLANT_S} s, was over` : null) };
  });
}

/**
 * Reads what is free of a card's memory, looks for what was planted and overwrites it with zeros. Nobody may use it. Claims no more than was done.
 * @param canary of this card; undefined: none was planted. @param root of the file system.
 */
export async function lookInCard(device: Device, token: string, canary: CardCanary | undefined, run: RunCommand, root = '/'): Promise<MemoryLook> {
  const name = `${device.unit} (${idOf(device)})`;
  const { free, done, found, filled, late, why } = await ask('look', device, token, LOOK_S, run, root);
  const planted = canary !== undefined && canary.bytes > 0;
  const extent = `looked at ${mib(done)} of ${mib(free)} MiB that are free`;
  if (planted && found > 0) return { found: [`a canary is in the memory of ${name} still: ${Math.ceil(found / 1_024)} KiB of it, ${extent}`], evidence: [], unchecked: [] };
  const reason = why ?? (late && done < filled ? `not read after ${LOOK_S} s` : late ? `not done after ${LOOK_S} s` : free - Math.max(done, filled) > SMALL_BYTES ? 'something else took it meanwhile' : 'too small to be taken');
  const rest = (bytes: number, not: string): string[] => (bytes > 0 && bytes >= free && why === null ? [] : [`memory of ${name}: ${bytes === 0 ? '' : `${Math.ceil((free - bytes) / MIB)} MiB `}${not} (${reason})`]);
  const evidence = [
    ...(planted && done > 0 ? [`a canary was in ${mib(canary.bytes)} MiB of the memory of ${name} when the lease began; ${extent}: no canary`] : []),
    ...(filled > 0 ? [`${mib(filled)} of ${mib(free)} MiB of the memory of ${name} that are free were overwritten with zeros`] : []),
  ];
  const none = planted ? [] : [`memory of ${name}: no canary was planted in it (${canary?.why ?? 'its lease began before that was done'})`];
  const left = !planted ? rest(filled, 'not overwritten') : done === filled ? rest(done, 'not read back or overwritten') : [...rest(done, 'not read back'), ...rest(filled, 'not overwritten')];
  return { found: [], evidence, unchecked: [...none, ...left] };
}

async function ask(verb: 'plant' | 'look', device: Device, token: string, seconds: number, run: RunCommand, root: string): Promise<Printed> {
  const way = wayTo(device, root);
  if (typeof way === 'string') return nothing(way);
  // Nothing of the machine's own Python settings and folders, and the secret where no list of processes shows it.
  const [program, ...words] = [...way.before, 'python3', '-I', '-c', CARD_PROGRAM, verb, device.vendor, way.card, String(seconds), ...LIBRARIES[device.vendor]];
  const { out } = await run(program!, words, token, (seconds + SLACK_S) * 1_000);
  return readPrinted(out) ?? nothing(`python3 is not there, or did not end in ${seconds + SLACK_S} s`);
}

/**
 * How the program sees this card alone, and by which name; or why it cannot. NVIDIA's driver is told by a variable. AMD's runtime takes every card
 * whose device node it can open, and tells partitions of a card not apart by their ids: it is given the one node.
 */
function wayTo(device: Device, root: string): { readonly before: readonly string[]; readonly card: string } | string {
  if (device.vendor === 'nvidia') return { before: [], card: idOf(device) };
  const cards = amdCards(root);
  const nodes = nodesOfCard(cards, device.uuid, device.mig);
  if (nodes === undefined) return 'the kernel does not list it';
  const [{ render, uniqueId }] = nodes as [KfdNode];
  if (nodes.length > 1) return 'it was cut up meanwhile';
  // All that is free would be taken for a while, and others that run there have need of it.
  if (device.mig !== null && sharesMemory(cards.find(({ uuid }) => uuid === device.uuid)!)) return 'other partitions share its memory';
  return { before: ['bwrap', '--dev-bind', '/', '/', '--tmpfs', dirname(render), '--dev-bind', render, render, '--die-with-parent', '--'], card: uniqueId === '' ? '-' : uniqueId };
}

function nothing(why: string): Printed {
  return { free: 0, done: 0, found: 0, filled: 0, late: false, why };
}

/** Undefined: it printed nothing, or something else. */
export function readPrinted(out: string): Printed | undefined {
  try {
    const { free, done, found, filled, late, why } = JSON.parse(out) as Partial<Record<keyof Printed, unknown>>;
    if (![free, done, found, filled].every((bytes) => Number.isSafeInteger(bytes) && (bytes as number) >= 0)) return undefined;
    return { free: free as number, done: done as number, found: found as number, filled: filled as number, late: late === true, why: typeof why === 'string' ? why.slice(0, 120) : null };
  } catch {
    return undefined;
  }
}

function mib(bytes: number): number {
  return Math.floor(bytes / MIB);
}
