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
  /** Ids of the volumes that its home was, and becomes. Null: it begins empty, or goes with the lease. */
  readonly home: { readonly from: string | null; readonly keep: string | null };
  /** Which of several machines it is whose programs reach each other. Absent: they do not, or there is one. */
  readonly ranks?: { readonly rank: number; readonly size: number };
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
  /** What was put aside as a volume; null: nothing. */
  readonly kept: { readonly files: number; readonly bytes: number } | null;
  /** The machine that it is afterwards, where it has another identity since; absent, null: the same. */
  readonly becomes?: string | null;
}

/** What would be gone with a lease. */
export interface HomeLook {
  readonly files: number;
  readonly bytes: number;
  /** False: the counting was cut short, there is more. */
  readonly whole: boolean;
  readonly processes: readonly { readonly name: string; readonly count: number }[];
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
  /** Stops it where it runs, and takes away what it left; its home is put aside where it becomes a volume. @throws TandemError node_unreachable. */
  wipe(order: LeaseOrder): Promise<WipeReport>;
  /** What lies in the home of a lease that runs, and what runs in it. @throws TandemError node_unreachable, node_refused. */
  look(machineId: string, leaseId: string): Promise<HomeLook>;
  /** A volume is gone when this resolves, also one that was not there. @throws TandemError node_unreachable, node_refused while a lease has it. */
  removeVolume(machineId: string, volumeId: string): Promise<void>;
  /** @throws TandemError node_unreachable. */
  list(machineId: string): Promise<readonly RunningLease[]>;
  /** Told when a machine comes into reach or goes out of it. The returned function ends the listening. */
  onChange(listener: (machineId: string, reached: boolean) => void): () => void;
}
