import { WireError, wholeOf, type Message } from '../../wire/index.ts';

/** The most that a lease may use of a machine. Null: nobody has said, so nothing bounds it. */
export interface Limits {
  /** Thousandths of a core. */
  readonly cpuMillis: number | null;
  readonly memoryBytes: number | null;
  /** Processes and threads together, as the kernel counts them. */
  readonly processes: number | null;
  readonly diskBytes: number | null;
}

/** Something that the machine could not do for a lease, told wherever the lease is shown. */
export interface Unbound {
  readonly what: 'cpu' | 'memory' | 'processes' | 'disk' | 'network' | 'resolver' | 'ranks';
  readonly why: string;
}

export const NO_LIMITS: Limits = { cpuMillis: null, memoryBytes: null, processes: null, diskBytes: null };
const LEAST = { cpuMillis: 10, memoryBytes: 16 * 2 ** 20, processes: 16, diskBytes: 16 * 2 ** 20 };

/** Of a grant; an older server says nothing of limits. @throws WireError. */
export function readLimits(said: unknown): Limits {
  if (said === undefined || said === null) return NO_LIMITS;
  if (typeof said !== 'object' || Array.isArray(said)) throw new WireError('bad_grant', 'limits are not an object');
  const one = (name: keyof Limits): number | null => {
    const value = (said as Message)[name];
    return value === undefined || value === null ? null : Math.max(LEAST[name], wholeOf(said as Message, name));
  };
  return { cpuMillis: one('cpuMillis'), memoryBytes: one('memoryBytes'), processes: one('processes'), diskBytes: one('diskBytes') };
}
