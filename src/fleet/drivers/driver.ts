import type { Allowance } from '../pools/allowance.ts';
import type { LeaseBounds } from './lease-bounds.ts';

/** A lease on one machine, as a driver needs it. */
export interface LeaseOrder {
  readonly leaseId: string;
  /** Higher than that of every earlier lease: a machine refuses what is older than it has seen. */
  readonly fence: bigint;
  readonly machineId: string;
  readonly unitIds: readonly string[];
  readonly access: 'api' | 'job' | 'shell' | 'root';
}

/** What a wipe says of itself: made by the machine, and so a claim where nobody outside looked. */
export interface WipeReport {
  readonly clean: boolean;
  readonly method: 'reset' | 'repartition' | 'overwrite' | 'reinstall' | 'erase';
  /** What was looked for and not found, or was found. */
  readonly evidence: readonly string[];
  readonly unchecked: readonly string[];
  /** Where canaries were planted before, and what of them was found. */
  readonly canaries: { readonly planted: readonly string[]; readonly found: readonly string[] };
  /** Of what took part in it, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

/** What runs on a machine. */
export interface RunningLease {
  readonly leaseId: string;
  readonly fence: bigint;
  readonly remainingMs: number;
}

/**
 * What a lease needs of a machine, whoever runs it. Everything can be asked twice. A call that fails may have been done all the same: the
 * caller decides anew by what it knows, and asks again. `conformance.ts` in `testing` holds every driver to this.
 */
export interface Driver {
  /** Whether the machine would answer now, as far as is known. */
  reaches(machineId: string): boolean;
  /**
   * The lease may run for so long, counted from this call, however late it arrives; the machine ends it then by itself. Once more, longer or
   * shorter, is the same lease's new end.
   * @param allowance what it may use; without it nothing bounds it, and it has no network.
   * @returns what the machine says bounds it; null: it does not say.
   * @throws TandemError node_unreachable; node_refused for an older fence, and for units that another lease has or has left unwiped.
   */
  grant(order: LeaseOrder, remainingMs: number, allowance?: Allowance): Promise<LeaseBounds | null>;
  /** Nothing of the lease runs any more when this resolves. @throws TandemError node_unreachable. */
  stop(order: LeaseOrder): Promise<void>;
  /** Stops it where it runs, and takes away what it left. @throws TandemError node_unreachable. */
  wipe(order: LeaseOrder): Promise<WipeReport>;
  /** @throws TandemError node_unreachable. */
  list(machineId: string): Promise<readonly RunningLease[]>;
  /** Told when a machine comes into reach or goes out of it. The returned function ends the listening. */
  onChange(listener: (machineId: string, reached: boolean) => void): () => void;
}
