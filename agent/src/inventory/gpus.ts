import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { RunCommand } from '../machine/command.ts';
import { takeAmd } from './amd/cards.ts';
import { figure, type Gpu, type Gpus, type Partition } from './card.ts';

const MIB = 1_048_576;
/** Where data-centre cards begin to slow down: NVIDIA's own limit lies some degrees above, AMD's is of the hottest spot (SLOWDOWN_HOTSPOT_TEMPERATURE of amd-smi static). */
const HOT_C = { nvidia: 88, amd: 100 };
/** The fields that are asked for, in this order (`nvidia-smi --help-query-gpu`). */
const FIELDS = ['index', 'uuid', 'name', 'memory.total', 'memory.used', 'utilization.gpu', 'temperature.gpu', 'ecc.errors.corrected.volatile.total', 'ecc.errors.uncorrected.volatile.total', 'driver_version', 'mig.mode.current'];

/** Of a query of its own, since an older nvidia-smi that does not know a field answers none (`nvidia-smi --help-query-remapped-rows`). */
const ROW_FIELDS = ['gpu_uuid', 'remapped_rows.pending', 'remapped_rows.failure'];

/** Every card that a tool of its vendor or the kernel knows. A machine without the tools has none. @param root of the file system. */
export async function takeGpus(run: RunCommand, root = '/'): Promise<Gpus> {
  const [query, list, rows, amd] = await Promise.all([
    run('nvidia-smi', [`--query-gpu=${FIELDS.join(',')}`, '--format=csv,noheader,nounits']), run('nvidia-smi', ['-L']), run('nvidia-smi', [`--query-remapped-rows=${ROW_FIELDS.join(',')}`, '--format=csv,noheader']), takeAmd(run, root),
  ]);
  const nvidia = readNvidia(query.out, list.out);
  // A driver that hangs is no machine without cards, which would be leased as one.
  const silent = query.code === null && existsSync(join(root, 'dev/nvidiactl')) ? ['nvidia-smi is not there or did not answer, and NVIDIA\'s driver is loaded'] : [];
  const said = query.code === null || query.code === 0 ? silent : [`nvidia-smi ended with ${query.code}: ${firstLine(query.err || query.out)}`];
  const gpus = [...nvidia.gpus, ...amd.gpus];
  const worn = rows.code === 0 ? readRows(rows.out, nvidia.gpus) : { problems: [], broken: [] };
  const faulty = gpus.filter((gpu) => faultsOf(gpu).length > 0).map(({ uuid }) => uuid);
  return { gpus, problems: [...said, ...nvidia.problems, ...amd.problems, ...gpus.flatMap(problemsOf), ...worn.problems], broken: [...new Set([...nvidia.broken, ...amd.broken, ...faulty, ...worn.broken])] };
}

/** @param query of `FIELDS` as CSV without units. @param list of `nvidia-smi -L`, which alone names partitions. */
export function readNvidia(query: string, list: string): Gpus {
  const partitions = readPartitions(list);
  const gpus: Gpu[] = [];
  const problems: string[] = [];
  const broken: string[] = [];
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
    const fault = values.find((value) => /GPU is lost|requires reset|Unknown Error/i.test(value));
    if (fault === undefined) continue;
    problems.push(`GPU ${index} says ${fault}`);
    broken.push(uuid);
  }
  return { gpus, problems, broken };
}

/** A card replaces rows of its memory that have errors. One that is to be replaced has errors until the card is reset; one that cannot be is its end. */
function readRows(text: string, gpus: readonly Gpu[]): Pick<Gpus, 'problems' | 'broken'> {
  const worn = text.split('\n').map((line) => line.split(',').map((value) => value.trim())).flatMap(([uuid, pending, failure]) => {
    const gpu = gpus.find((one) => one.uuid === uuid);
    const what = failure === 'Yes' ? 'cannot replace a row of its memory that has errors' : pending === 'Yes' ? 'replaces a row of its memory that has errors when it is reset' : undefined;
    return gpu === undefined || what === undefined ? [] : [{ uuid: gpu.uuid, problem: `GPU ${gpu.index} (${gpu.name}) ${what}`, ended: failure === 'Yes' }];
  });
  return { problems: worn.map(({ problem }) => problem), broken: worn.filter(({ ended }) => ended).map(({ uuid }) => uuid) };
}

function problemsOf(gpu: Gpu): string[] {
  const hot = gpu.temperatureC !== null && gpu.temperatureC >= HOT_C[gpu.vendor];
  return [...faultsOf(gpu), ...(hot ? [`GPU ${gpu.index} (${gpu.name}) has ${gpu.temperatureC} °C`] : [])];
}

function faultsOf(gpu: Gpu): string[] {
  const name = `GPU ${gpu.index} (${gpu.name})`;
  return [
    ...(gpu.ecc.uncorrected !== null && gpu.ecc.uncorrected > 0 ? [`${name} has ${gpu.ecc.uncorrected} memory errors that could not be corrected`] : []),
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

function firstLine(text: string): string {
  return text.trim().split('\n')[0]!.slice(0, 200);
}
