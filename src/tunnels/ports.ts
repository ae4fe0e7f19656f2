import type { Principal } from '../access/index.ts';

/** Where a lease is to be entered. */
export interface LeaseEntry {
  readonly leaseId: string;
  readonly nodeId: string;
  /** The lease's fence: a machine where it was granted anew lets nobody in for the older one. */
  readonly fence?: string;
  /** When the lease ends as things stand now. */
  readonly endsAtMs: number;
  /** Sessions in it are recorded. */
  readonly record?: boolean;
}

/** What this room asks about leases; `fleet` answers and `start` wires it. */
export interface LeaseDoor {
  /**
   * Whether somebody may enter a lease now, and where.
   * @param nodeId of a lease of several nodes; absent: the first.
   * @throws TandemError resource_not_found, permission_denied, lease_state.
   */
  enter(principal: Principal, leaseId: string, nodeId?: string): Promise<LeaseEntry>;
  /** Whether somebody may see a lease, also one that is over. @throws TandemError resource_not_found, permission_denied. */
  show(principal: Principal, leaseId: string): Promise<unknown>;
  /** Whose lease a node has, or has had; undefined: it never had it. */
  ownerOn(nodeId: string, leaseId: string): Promise<string | undefined>;
  /** Told when a lease is over, by whoever ended it, or is another project's: who is inside is to come in anew. The returned function ends the listening. */
  onEnd(listener: (leaseId: string) => void): () => void;
}
