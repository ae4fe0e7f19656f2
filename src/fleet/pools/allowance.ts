import type { UnitView } from '../placement/index.ts';

/** The most that a lease may use of a machine. Null: nothing is known to bound it by. */
export interface Limits {
  /** Thousandths of a core. */
  readonly cpuMillis: number | null;
  readonly memoryBytes: number | null;
  readonly processes: number | null;
  readonly diskBytes: number | null;
}

/** What a pool says instead, for each unit that a lease has; null: its share of the machine. */
export interface UnitLimits {
  readonly cpus: number | null;
  readonly memoryMb: number | null;
  readonly processes: number | null;
  readonly diskMb: number | null;
}

export interface NetworkAllowance {
  /** False: its own loopback and nothing else. */
  readonly out: boolean;
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly resolvers: readonly string[];
}

/** A card or slice that a lease has, by what names it whatever its place in a list is. */
export interface Device {
  readonly unit: string;
  readonly vendor: 'nvidia' | 'amd';
  readonly uuid: string;
  /** The slice's own; null: the whole card. */
  readonly mig: string | null;
}

/** What a lease may use of one machine, sent with its grant. */
export interface Allowance {
  readonly limits: Limits;
  readonly network: NetworkAllowance;
  readonly devices: readonly Device[];
}

type Inventory = Readonly<Record<string, unknown>>;

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const ALL_PROCESSES = 16_384;
const LEAST_PROCESSES = 128;

/**
 * A lease's share of its machine: of all but a reserve for the agent, as much as its units are of the machine's GPUs. The shares of all units
 * together are never more than the machine has. What the pool says goes before the share, and never beyond the machine.
 */
export function limitsOf(inventory: Inventory, units: readonly UnitView[], held: readonly string[], over: UnitLimits | null): Limits {
  const part = Math.min(1, held.reduce((sum, id) => sum + partOf(inventory, units, id), 0));
  const [cores, memory, disk] = [positive(objectOf(inventory['cpu'])['cores']), positive(inventory['memoryBytes']), positive(objectOf(inventory['disk'])['bytes'])];
  const cpuMillis = cores === null ? null : cores * 1_000 - Math.min(1_000, cores * 100);
  const memoryBytes = memory === null ? null : memory - Math.min(memory / 4, Math.min(4 * GIB, Math.max(256 * MIB, memory / 10)));
  const diskBytes = disk === null ? null : disk - Math.min(disk / 4, 20 * GIB);
  const one = (all: number | null, said: number | null | undefined, least: number): number | null => {
    const each = said === null || said === undefined ? null : said * held.length;
    if (all === null) return each === null ? null : Math.floor(each);
    return Math.floor(Math.min(all, Math.max(each ?? all * part, Math.min(least, all))));
  };
  return {
    cpuMillis: one(cpuMillis, times(over?.cpus, 1_000), 10), memoryBytes: one(memoryBytes, times(over?.memoryMb, MIB), 16 * MIB),
    processes: one(ALL_PROCESSES, over?.processes, LEAST_PROCESSES), diskBytes: one(diskBytes, times(over?.diskMb, MIB), 16 * MIB),
  };
}

/** The GPUs and slices of a lease by their ids, as the machine last named them. */
export function devicesOf(inventory: Inventory, units: readonly UnitView[], held: readonly string[]): Device[] {
  const gpus = listOf(inventory['gpus']);
  return held.flatMap((id): Device[] => {
    const unit = units.find((one) => one.id === id && id !== 'whole');
    if (unit === undefined) return [];
    const gpu = objectOf(gpus[unit.gpu]);
    const slice = unit.slice ? objectOf(listOf(gpu['migDevices'])[Number(/-(\d+)$/.exec(id)?.[1])]) : null;
    return [{ unit: id, vendor: gpu['vendor'] === 'amd' ? 'amd' : 'nvidia', uuid: textOf(gpu['uuid']), mig: slice === null ? null : textOf(slice['uuid']) }];
  });
}

/** How much of its machine a unit is, from 0 to 1. A slice is as much of its card as it has of its memory. */
function partOf(inventory: Inventory, units: readonly UnitView[], id: string): number {
  const unit = units.find((one) => one.id === id);
  // It is no longer what it was when the lease was placed: no more than the smallest.
  if (unit === undefined) return Math.min(...units.map((one) => partOf(inventory, units, one.id)));
  const cards = new Set(units.map(({ gpu }) => gpu)).size;
  const beside = units.filter(({ gpu }) => gpu === unit.gpu);
  if (beside.length === 1 && !unit.slice) return 1 / cards;
  const own = beside.reduce((sum, { memoryMb }) => sum + memoryMb, 0);
  const card = (positive(objectOf(listOf(inventory['gpus'])[unit.gpu])['memoryBytes']) ?? 0) / 1e6;
  const whole = Math.max(own, card);
  return (unit.shared || beside.some(({ memoryMb }) => memoryMb === 0) ? 1 / beside.length : unit.memoryMb / whole) / cards;
}

function times(value: number | null | undefined, by: number): number | null {
  return value === null || value === undefined ? null : value * by;
}

/** What a machine says is a claim: a number beyond reason is none. */
function positive(value: unknown): number | null {
  return typeof value === 'number' && value > 0 && value < 2 ** 50 ? value : null;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 100) : '';
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function objectOf(value: unknown): Inventory {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Inventory) : {};
}
