import type { RunCommand } from '../machine/command.ts';

/** A partition of a card, in hardware. */
export interface Partition {
  readonly uuid: string;
  readonly profile: string;
  /** At least: what its profile is named after, in powers of ten. */
  readonly memoryBytes: number | null;
}

/** One card. What its tool does not say is null: zero is not unknown. */
export interface Gpu {
  readonly vendor: 'nvidia' | 'amd';
  readonly index: number;
  readonly uuid: string;
  readonly name: string;
  readonly memoryBytes: number | null;
  readonly usedBytes: number | null;
  /** Percent of the time in which it worked. */
  readonly duty: number | null;
  readonly temperatureC: number | null;
  /** Errors of its memory since the driver was loaded. */
  readonly ecc: { readonly corrected: number | null; readonly uncorrected: number | null };
  readonly driver: string | null;
  /** Null: the card cannot be partitioned. */
  readonly mig: boolean | null;
  readonly migDevices: readonly Partition[];
}

export interface Gpus {
  readonly gpus: readonly Gpu[];
  /** What is wrong with cards, for people. */
  readonly problems: readonly string[];
}

const MIB = 1_048_576;
/** Where data-centre cards begin to slow down; NVIDIA's own limit lies some degrees above. */
const HOT_C = 88;
/** The fields that are asked for, in this order (`nvidia-smi --help-query-gpu`). */
const FIELDS = ['index', 'uuid', 'name', 'memory.total', 'memory.used', 'utilization.gpu', 'temperature.gpu', 'ecc.errors.corrected.volatile.total', 'ecc.errors.uncorrected.volatile.total', 'driver_version', 'mig.mode.current'];

/** Every card that a tool of its vendor knows. A machine without the tools has none. */
export async function takeGpus(run: RunCommand): Promise<Gpus> {
  const [query, list, rocm] = await Promise.all([
    run('nvidia-smi', [`--query-gpu=${FIELDS.join(',')}`, '--format=csv,noheader,nounits']),
    run('nvidia-smi', ['-L']),
    run('rocm-smi', ['--showproductname', '--showuniqueid', '--showuse', '--showtemp', '--showmeminfo', 'vram', '--showdriverversion', '--json']),
  ]);
  const nvidia = readNvidia(query.out, list.out);
  const amd = rocm.code === null ? [] : readRocm(rocm.out);
  const said = query.code === null || query.code === 0 ? [] : [`nvidia-smi ended with ${query.code}: ${firstLine(query.err || query.out)}`];
  const gpus = [...nvidia.gpus, ...amd];
  return { gpus, problems: [...said, ...nvidia.problems, ...gpus.flatMap(problemsOf)] };
}

/** @param query of `FIELDS` as CSV without units. @param list of `nvidia-smi -L`, which alone names partitions. */
export function readNvidia(query: string, list: string): Gpus {
  const partitions = readPartitions(list);
  const gpus: Gpu[] = [];
  const problems: string[] = [];
  for (const line of query.split('\n').map((one) => one.trim()).filter((one) => one !== '')) {
    const values = line.split(',').map((value) => value.trim());
    if (values.length !== FIELDS.length || !/^\d+$/.test(values[0]!)) {
      // It speaks of a lost card between the lines of those that answer.
      problems.push(line.slice(0, 200));
      continue;
    }
    const [index, uuid, name, total, used, duty, temperature, corrected, uncorrected, driver, mig] = values as [string, string, string, string, string, string, string, string, string, string, string];
    const [totalMib, usedMib] = [figure(total), figure(used)];
    gpus.push({
      vendor: 'nvidia', index: Number(index), uuid, name, memoryBytes: totalMib === null ? null : totalMib * MIB, usedBytes: usedMib === null ? null : usedMib * MIB, duty: figure(duty), temperatureC: figure(temperature),
      ecc: { corrected: figure(corrected), uncorrected: figure(uncorrected) }, driver: driver === '' ? null : driver, mig: mig === 'Enabled' ? true : mig === 'Disabled' ? false : null, migDevices: partitions.get(uuid) ?? [],
    });
    const broken = values.find((value) => /GPU is lost|requires reset|Unknown Error/i.test(value));
    if (broken !== undefined) problems.push(`GPU ${index} says ${broken}`);
  }
  return { gpus, problems };
}

/** `rocm-smi --json`: one object for each card, all values as texts. Field names differ in case between versions. */
export function readRocm(text: string): Gpu[] {
  let cards: unknown;
  try {
    cards = JSON.parse(text.slice(text.indexOf('{')));
  } catch {
    return [];
  }
  if (typeof cards !== 'object' || cards === null) return [];
  const driver = textIn((cards as Record<string, unknown>)['system'], 'driver version');
  return Object.entries(cards).flatMap(([name, card]: [string, unknown]): Gpu[] => {
    const index = /^card(\d+)$/.exec(name)?.[1];
    if (index === undefined) return [];
    const id = textIn(card, 'unique id');
    return [{
      vendor: 'amd', index: Number(index), uuid: id === null ? `amd-card-${index}` : `amd-${id}`, name: textIn(card, 'card series') ?? textIn(card, 'device name') ?? 'unknown',
      memoryBytes: figure(textIn(card, 'vram total memory (b)')), usedBytes: figure(textIn(card, 'vram total used memory (b)')), duty: figure(textIn(card, 'gpu use (%)')),
      temperatureC: figure(textIn(card, 'temperature (sensor junction) (c)') ?? textIn(card, 'temperature (sensor edge) (c)')), ecc: { corrected: null, uncorrected: null }, driver, mig: null, migDevices: [],
    }];
  });
}

function problemsOf(gpu: Gpu): string[] {
  const name = `GPU ${gpu.index} (${gpu.name})`;
  return [
    ...(gpu.ecc.uncorrected !== null && gpu.ecc.uncorrected > 0 ? [`${name} has ${gpu.ecc.uncorrected} memory errors that could not be corrected`] : []),
    ...(gpu.temperatureC !== null && gpu.temperatureC >= HOT_C ? [`${name} has ${gpu.temperatureC} °C`] : []),
    ...(gpu.memoryBytes === null ? [`${name} does not say how much memory it has`] : []),
  ];
}

/** Partitions by the UUID of their card: a line for the card, then an indented one for each. */
function readPartitions(list: string): ReadonlyMap<string, Partition[]> {
  const found = new Map<string, Partition[]>();
  let current: Partition[] | undefined;
  for (const line of list.split('\n')) {
    const card = /^GPU \d+: .* \(UUID: (GPU-[0-9A-Za-z-]+)\)/.exec(line)?.[1];
    const [, profile, uuid] = /^\s+MIG (\S+)\s+Device\s+\d+: \(UUID: (MIG-[0-9A-Za-z/-]+)\)/.exec(line) ?? [];
    if (card !== undefined) found.set(card, (current = []));
    else if (profile !== undefined && uuid !== undefined) current?.push({ uuid, profile, memoryBytes: memoryOf(profile) });
  }
  return found;
}

/** `1g.10gb` and `1c.3g.40gb` say how much they have. */
function memoryOf(profile: string): number | null {
  const gigabytes = /\.(\d+)gb/.exec(profile)?.[1];
  return gigabytes === undefined ? null : Number(gigabytes) * 1e9;
}

/** A number where there is one; `[N/A]`, `[Not Supported]` and errors are none. */
function figure(text: string | null): number | null {
  return text !== null && /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : null;
}

function textIn(card: unknown, field: string): string | null {
  if (typeof card !== 'object' || card === null) return null;
  const value: unknown = Object.entries(card).find(([name]) => name.toLowerCase() === field)?.[1];
  return typeof value === 'string' && value !== '' && value !== 'N/A' ? value : null;
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0]!.slice(0, 200);
}
