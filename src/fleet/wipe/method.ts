import type { Driver, LeaseOrder, WipeReport } from '../drivers/driver.ts';

/**
 * One way to wipe a machine after a lease: its agent resets it, its provider reinstalls it, or an MDM server erases it. The first that
 * serves a lease is taken. Each can be asked again after a crash or a lost answer, and does nothing twice that would do harm.
 */
export interface WipeMethod {
  readonly by: 'agent' | 'provider' | 'mdm';
  serves(order: LeaseOrder): Promise<boolean>;
  /** Begins it, or looks how far it is. Null: it goes on, ask again. @throws TandemError node_unreachable and others: ask again. */
  wipe(order: LeaseOrder): Promise<WipeReport | null>;
}

/** The agent takes away what the lease left: for every lease whose user was never root. What had root may have told the agent what to say. */
export function agentReset(driver: Pick<Driver, 'wipe'>): WipeMethod {
  return { by: 'agent', serves: async ({ access }) => access !== 'root', wipe: (order) => driver.wipe(order) };
}
