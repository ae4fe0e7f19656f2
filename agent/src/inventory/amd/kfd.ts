import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** What the kernel lets programs compute on: a card, or a partition of one. */
export interface KfdNode {
  /** By which it names the node among its processes. */
  readonly gpuId: number;
  /** Its device node, such as `/dev/dri/renderD128`. */
  readonly render: string;
  /** In hexadecimal, as the runtime names it; empty: it has none. */
  readonly uniqueId: string;
  /** Of the memory that it sees, which partitions may see together. */
  readonly memoryBytes: number | null;
}

/** One card, with what it is cut into. */
export interface AmdCard {
  /** Stays the same whatever the card is cut into. */
  readonly uuid: string;
  /** Its place on the bus, such as `0000:0c:00.0`. */
  readonly bus: string;
  /** Cards with the same one are linked, and are reset together; null: it is linked with none. */
  readonly hive: string | null;
  /** The kernel's folder of the card. */
  readonly device: string;
  /** Never empty; more than one: partitions, in their order. */
  readonly nodes: readonly KfdNode[];
  /** Such as `CPX` and `NPS4`; null: the card cannot be partitioned. */
  readonly compute: string | null;
  readonly memory: string | null;
  readonly memoryBytes: number | null;
}

const NODES = 'sys/class/kfd/kfd/topology/nodes';
const DRM = 'sys/class/drm';
/** Of a memory bank that is the card's: public and private frame buffer (libhsakmt, hsakmttypes.h). */
const OF_CARD = new Set(['1', '2']);

/**
 * AMD's cards as the kernel lists them for computing (`/sys/class/kfd`), which needs no tool of AMD's. The form is that of ROCm's libhsakmt,
 * topology.c, and of the topologies of real machines that ROCm/k8s-device-plugin keeps for its tests. @param root of the file system.
 */
export function amdCards(root = '/'): AmdCard[] {
  const nodes = namesIn(join(root, NODES)).filter((name) => /^\d+$/.test(name)).sort((a, b) => Number(a) - Number(b)).flatMap((name) => nodeAt(join(root, NODES, name)));
  const byPlace = new Map<string, (typeof nodes)[number][]>();
  for (const node of nodes) byPlace.set(node.bus, [...(byPlace.get(node.bus) ?? []), node]);
  return [...byPlace].map(([bus, [first, ...others]]) => {
    const device = join(root, DRM, first!.node.render.replace('/dev/dri/', ''), 'device');
    // Partitions may have an id each, which is not the card's.
    const id = numberOf(textAt(join(device, 'unique_id')), 16) ?? numberOf(first!.node.uniqueId, 16);
    const all = [first!.node, ...others.map(({ node }) => node)];
    return {
      uuid: id === null ? `amd-${bus}` : `amd-0x${id}`, bus, hive: first!.hive, device, nodes: all, compute: wordAt(join(device, 'current_compute_partition')), memory: wordAt(join(device, 'current_memory_partition')),
      memoryBytes: bytesAt(join(device, 'mem_info_vram_total')) ?? (all.length === 1 ? first!.node.memoryBytes : null),
    };
  });
}

/**
 * Whether the card's partitions have no memory of their own. They have where there are as many parts of memory as there are partitions (AMD SMI, "GPU partitioning":
 * NPS1 is one for all, NPS4 four).
 */
export function sharesMemory({ nodes, memory }: AmdCard): boolean {
  return nodes.length > 1 && memory !== `NPS${nodes.length}`;
}

/** The id of a card's partition. @param place among those of its card, from 0. */
export function partitionId({ uuid }: AmdCard, place: number): string {
  return `${uuid}-p${place}`;
}

/** The nodes that a lease of this card or partition has; undefined: the machine does not have it. @param mig null: the whole card. */
export function nodesOfCard(cards: readonly AmdCard[], uuid: string, mig: string | null): readonly KfdNode[] | undefined {
  const card = cards.find((one) => one.uuid === uuid);
  if (card === undefined || mig === null) return card?.nodes;
  return card.nodes.length < 2 ? undefined : atLeastOne(card.nodes.filter((_, place) => partitionId(card, place) === mig));
}

/**
 * Who computes on one of these nodes: the kernel's number of each process that has memory or a queue there. The kernel says so under
 * `/sys/class/kfd/kfd/proc`, as rocm-smi and amd-smi read it. Undefined: it does not say.
 */
export function usersOf(nodes: readonly KfdNode[], root = '/'): string[] | undefined {
  const folder = join(root, 'sys/class/kfd/kfd/proc');
  const ids = new Set(nodes.map(({ gpuId }) => String(gpuId)));
  try {
    return readdirSync(folder).filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
      const has = [...ids].some((id) => Number(textAt(join(folder, pid, `vram_${id}`))) > 0);
      return has || namesIn(join(folder, pid, 'queues')).some((queue) => ids.has(textAt(join(folder, pid, 'queues', queue, 'gpuid'))));
    });
  } catch {
    return undefined;
  }
}

/** Errors of a card's blocks since the driver was loaded (kernel, "AMDGPU RAS Support": `ue: 0` and `ce: 0` of each). */
export function errorsOf({ device }: AmdCard): { readonly corrected: number | null; readonly uncorrected: number | null } {
  const texts = namesIn(join(device, 'ras')).filter((name) => name.endsWith('_err_count')).map((name) => textAt(join(device, 'ras', name)));
  const sum = (kind: string): number | null => {
    const counts = texts.flatMap((text) => new RegExp(`^${kind}:\\s*(\\d+)`, 'm').exec(text)?.[1] ?? []);
    return counts.length === 0 ? null : counts.reduce((all, count) => all + Number(count), 0);
  };
  return { corrected: sum('ce'), uncorrected: sum('ue') };
}

function nodeAt(folder: string): { readonly bus: string; readonly hive: string | null; readonly node: KfdNode }[] {
  const properties = pairsAt(join(folder, 'properties'));
  const [gpuId, minor, location] = [Number(textAt(join(folder, 'gpu_id'))), Number(properties.get('drm_render_minor')), Number(properties.get('location_id'))];
  // Processors are listed too.
  if (!(gpuId > 0) || !(minor >= 128) || !Number.isSafeInteger(location)) return [];
  const banks = namesIn(join(folder, 'mem_banks')).map((name) => pairsAt(join(folder, 'mem_banks', name, 'properties'))).filter((bank) => OF_CARD.has(bank.get('heap_type') ?? ''));
  const memoryBytes = banks.reduce((all, bank) => all + Number(bank.get('size_in_bytes') ?? 0), 0);
  // The lowest three bits and the highest four say which partition it is, by the kernel's age.
  const bus = `${hex(Number(properties.get('domain') ?? 0), 4)}:${hex((location >>> 8) & 0xff, 2)}:${hex((location >>> 3) & 0x1f, 2)}.0`;
  return [{ bus, hive: numberOf(properties.get('hive_id') ?? '', 10), node: { gpuId, render: `/dev/dri/renderD${minor}`, uniqueId: numberOf(properties.get('unique_id') ?? '', 10) ?? '', memoryBytes: memoryBytes > 0 ? memoryBytes : null } }];
}

/** Lines of a name and a number. */
function pairsAt(path: string): ReadonlyMap<string, string> {
  return new Map(textAt(path).split('\n').map((line) => line.trim().split(' ') as [string, string]));
}

/** In hexadecimal; null: none, or 0. Of 64 bits, which a number does not hold. */
function numberOf(text: string, base: 10 | 16): string | null {
  const digits = base === 10 ? /^\d{1,20}$/ : /^(?:0x)?[0-9a-f]{1,16}$/i;
  if (!digits.test(text)) return null;
  const value = BigInt(base === 10 ? text : `0x${text.replace(/^0x/i, '')}`);
  return value === 0n ? null : value.toString(16);
}

function wordAt(path: string): string | null {
  const text = textAt(path);
  return /^[A-Z]{2,4}\d?$/.test(text) ? text : null;
}

function bytesAt(path: string): number | null {
  const bytes = Number(textAt(path));
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : null;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

function atLeastOne<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textAt(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
