import type { RunCommand } from '../../machine/command.ts';
import type { Device } from '../gpus/devices.ts';
import { CARD_PROGRAM } from './card-program.ts';

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
  readonly late: boolean;
  readonly why: string | null;
}

/** A lease waits for it. */
const PLANT_S = 8;
/** Of a card with 192 GB, at 2 GB/s. */
const LOOK_S = 120;
/** To start, and to end by itself. */
const SLACK_S = 4;
const MIB = 2 ** 20;

/** Whether what can be asked of a card's memory is known. Not AMD's. */
export function canRead({ vendor }: Pick<Device, 'vendor'>): boolean {
  return vendor === 'nvidia';
}

/** The card's or slice's own id. */
export function idOf({ uuid, mig }: Pick<Device, 'uuid' | 'mig'>): string {
  return mig ?? uuid;
}

/**
 * Writes what comes of the token into the memory of each of a lease's cards, and gives it back as it is. Before anybody is let in: memory that is
 * taken meanwhile is not to be had. Never throws. @param before what was planted when the lease began before, which may be there still.
 */
export async function plantInCards(devices: readonly Device[], token: string, before: readonly CardCanary[], run: RunCommand): Promise<CardCanary[]> {
  return Promise.all(devices.filter(canRead).map(async (device) => {
    const { done, late, why } = await ask('plant', device, token, PLANT_S, run);
    const old = before.find(({ id }) => id === idOf(device));
    if (done === 0 && old !== undefined && old.bytes > 0) return old;
    return { id: idOf(device), unit: device.unit, bytes: done, why: why ?? (late ? `the time for it, ${PLANT_S} s, was over` : null) };
  }));
}

/** Reads what is free of a card's memory and looks for what was planted. Nobody may use it. Claims no more than was read. @param canary of this card; undefined: none was planted. */
export async function lookInCard(device: Device, token: string, canary: CardCanary | undefined, run: RunCommand): Promise<MemoryLook> {
  const name = `${device.unit} (${idOf(device)})`;
  if (canary === undefined || canary.bytes === 0) return { found: [], evidence: [], unchecked: [`memory of ${name}: no canary was planted in it (${canary?.why ?? 'its lease began before that was done'})`] };
  const { free, done, found, late, why } = await ask('look', device, token, LOOK_S, run);
  const extent = `looked at ${mib(done)} of ${mib(free)} MiB that are free`;
  if (found > 0) return { found: [`a canary is in the memory of ${name} still: ${Math.ceil(found / 1_024)} KiB of it, ${extent}`], evidence: [], unchecked: [] };
  const left = why ?? (late ? `not read after ${LOOK_S} s` : 'too small to be taken');
  return {
    found: [], evidence: done === 0 ? [] : [`a canary was in ${mib(canary.bytes)} MiB of the memory of ${name} when the lease began; ${extent}: no canary`],
    unchecked: done > 0 && done >= free && why === null ? [] : [`memory of ${name}: ${done === 0 ? 'not read back' : `${Math.ceil((free - done) / MIB)} MiB`} (${left})`],
  };
}

async function ask(verb: 'plant' | 'look', device: Device, token: string, seconds: number, run: RunCommand): Promise<Printed> {
  // Nothing of the machine's own Python settings and folders, and the secret where no list of processes shows it.
  const { out } = await run('python3', ['-I', '-c', CARD_PROGRAM, verb, idOf(device), String(seconds)], token, (seconds + SLACK_S) * 1_000);
  return readPrinted(out) ?? { free: 0, done: 0, found: 0, late: false, why: `python3 is not there, or did not end in ${seconds + SLACK_S} s` };
}

/** Undefined: it printed nothing, or something else. */
export function readPrinted(out: string): Printed | undefined {
  try {
    const { free, done, found, late, why } = JSON.parse(out) as Partial<Record<keyof Printed, unknown>>;
    if (![free, done, found].every((bytes) => Number.isSafeInteger(bytes) && (bytes as number) >= 0)) return undefined;
    return { free: free as number, done: done as number, found: found as number, late: late === true, why: typeof why === 'string' ? why.slice(0, 120) : null };
  } catch {
    return undefined;
  }
}

function mib(bytes: number): number {
  return Math.floor(bytes / MIB);
}
