/** A partition of a card, in hardware. */
export interface Partition {
  readonly uuid: string;
  readonly profile: string;
  /** At least: what its profile is named after, in powers of ten. */
  readonly memoryBytes: number | null;
  /** True: its memory is a share of what it has together with other partitions, and no memory of its own. Absent: its own. */
  readonly sharesMemory?: boolean;
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
  /** Ids of cards that do not work as they should. One that is hot is not among them: whoever works it may have made it so. */
  readonly broken: readonly string[];
}

/** A number where there is one; `[N/A]`, `[Not Supported]`, `N/A` and errors are none. */
export function figure(text: unknown): number | null {
  if (typeof text === 'number') return Number.isFinite(text) && text >= 0 ? text : null;
  return typeof text === 'string' && /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : null;
}
