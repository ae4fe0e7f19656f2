import { nodesOfCard, type AmdCard } from '../../inventory/amd/kfd.ts';
import { WireError, textOf, type Message } from '../../wire/index.ts';

/** A card or slice that a lease has, named by itself: places in a list move when a card is lost. */
export interface Device {
  readonly unit: string;
  readonly vendor: 'nvidia' | 'amd';
  readonly uuid: string;
  /** The slice's own; null: the whole card. */
  readonly mig: string | null;
}

/** What tools and the kernel of a machine say of its cards' device nodes. */
export interface CardFacts {
  /** `nvidia-smi -q -x`. */
  readonly query: string;
  /** `nvidia-smi -L`. */
  readonly list: string;
  /** A file of `/proc/driver/nvidia/capabilities`; empty: there is none. */
  capability(path: string): string;
  /** AMD's, as the kernel lists them. */
  readonly amd: readonly AmdCard[];
}

const MOST = 256;
/** Every user of a card needs these (NVIDIA Container Toolkit's documentation). */
const NVIDIA_ALL = ['/dev/nvidiactl', '/dev/nvidia-uvm', '/dev/nvidia-uvm-tools'];
/** Shared by all cards; which of them it uses is decided by the render nodes that a program can open (ROCm: GPU isolation techniques; libhsakmt takes a card without one for none). */
const AMD_ALL = ['/dev/kfd'];

/** Of a grant. Undefined: an older server names units alone. @throws WireError. */
export function readDevices(said: unknown): Device[] | undefined {
  if (said === undefined) return undefined;
  if (!Array.isArray(said) || said.length > MOST) throw new WireError('bad_grant', 'devices are not a list');
  return said.map((one: unknown) => {
    const device = (typeof one === 'object' && one !== null ? one : {}) as Message;
    return { unit: textOf(device, 'unit', 200), vendor: device['vendor'] === 'amd' ? 'amd' : 'nvidia', uuid: textOf(device, 'uuid', 100), mig: device['mig'] === null || device['mig'] === undefined ? null : textOf(device, 'mig', 100) };
  });
}

/** Whether two leases would have the same hardware: a slice is a part of its card. */
export function meet(some: readonly Device[], others: readonly Device[]): boolean {
  return some.some(({ uuid, mig }) => others.some((other) => other.uuid === uuid && (mig === null || other.mig === null || other.mig === mig)));
}

/**
 * The device nodes of these cards and slices and of no other. A slice of NVIDIA's has its card's node, which opens nothing by itself, and the two
 * capabilities of its GPU instance and compute instance (MIG User Guide, "Device nodes and capabilities"); a partition of AMD's has a render node of its own.
 * @throws WireError no_device where the machine does not have one of them now.
 */
export function nodesOf(devices: readonly Device[], facts: CardFacts): string[] {
  const nodes = devices.flatMap((device) => (device.vendor === 'amd' ? amdNodes(device, facts) : nvidiaNodes(device, facts)));
  return [...new Set(nodes)];
}

/** Where only units are known, as before servers named cards: whole cards by their place. */
export function nodesByPlace(units: readonly string[]): string[] {
  const cards = units.flatMap((unit) => /^gpu-(\d{1,2})$/.exec(unit)?.[1] ?? []).map((index) => `/dev/nvidia${index}`);
  return cards.length === 0 ? [] : [...cards, ...NVIDIA_ALL];
}

function nvidiaNodes(device: Device, { query, list, capability }: CardFacts): string[] {
  const card = device.uuid === '' ? undefined : query.split('<gpu id=').slice(1).find((part) => part.includes(`<uuid>${device.uuid}</uuid>`));
  const minor = /<minor_number>(\d+)<\/minor_number>/.exec(card ?? '')?.[1];
  if (card === undefined || minor === undefined) throw missing(device.unit, device.uuid);
  if (device.mig === null) return [`/dev/nvidia${minor}`, ...NVIDIA_ALL];
  const index = sliceIndex(list, device.uuid, device.mig);
  const slice = [...card.matchAll(/<mig_device>\s*<index>(\d+)<\/index>\s*<gpu_instance_id>(\d+)<\/gpu_instance_id>\s*<compute_instance_id>(\d+)<\/compute_instance_id>/g)].find(([, place]) => place === index);
  if (slice === undefined) throw missing(device.unit, device.mig);
  const [, , gpuInstance, computeInstance] = slice;
  const caps = [`gpu${minor}/mig/gi${gpuInstance}/access`, `gpu${minor}/mig/gi${gpuInstance}/ci${computeInstance}/access`].map((path) => {
    const file = /DeviceFileMinor: (\d+)/.exec(capability(path))?.[1];
    if (file === undefined) throw missing(device.unit, path);
    return `/dev/nvidia-caps/nvidia-cap${file}`;
  });
  return [`/dev/nvidia${minor}`, ...NVIDIA_ALL, ...caps];
}

/** Which of its card's slices it is: the list alone knows slices by their ids. */
function sliceIndex(list: string, card: string, mig: string): string | undefined {
  const lines = list.split('\n');
  const from = lines.findIndex((line) => line.startsWith('GPU ') && line.includes(`(UUID: ${card})`));
  const line = lines.slice(from + 1, from + 1 + MOST).find((one, at, all) => one.includes(`(UUID: ${mig})`) && !all.slice(0, at).some((before) => before.startsWith('GPU ')));
  return from === -1 ? undefined : /^\s+MIG \S+\s+Device\s+(\d+):/.exec(line ?? '')?.[1];
}

function amdNodes({ unit, uuid, mig }: Device, { amd }: CardFacts): string[] {
  const nodes = nodesOfCard(amd, uuid, mig);
  if (nodes === undefined) throw missing(unit, mig ?? uuid);
  return [...nodes.map(({ render }) => render), ...AMD_ALL];
}

function missing(unit: string, what: string): WireError {
  return new WireError('no_device', `the machine does not have what ${unit} was when it was leased: ${what.slice(0, 100)}`);
}
