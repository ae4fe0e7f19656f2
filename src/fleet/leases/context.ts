import type { Clock, Logger, SecretBox } from '../../base/index.ts';
import type { Access } from '../../access/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import type { Ledger } from '../../ledger/index.ts';
import type { Driver } from '../drivers/driver.ts';
import type { MachineJobs } from '../jobs/machine-jobs.ts';
import type { MachineWays } from '../jobs/machine-ways.ts';
import type { MachineSource } from '../pools/machines.ts';
import type { RankLines } from '../ports.ts';
import type { Wipes } from '../wipe/wipes.ts';

/** What the parts of leases share. */
export interface LeaseContext {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  /** Names this process among those of one database. */
  readonly process: string;
  readonly newId: () => string;
  readonly access: Pick<Access, 'audit' | 'directory' | 'projects'>;
  readonly standing: Ledger['standing'];
  /** Tells webhooks; absent: nobody is told. */
  readonly deliveries?: Pick<Ledger['webhooks']['deliveries'], 'enqueue'>;
  readonly machines: MachineSource;
  readonly driver: Driver;
  /** Who runs jobs, and what seals them; absent: no lease has one. */
  readonly jobs?: { readonly machines: MachineJobs; readonly ways: MachineWays; readonly lines: RankLines; readonly secrets: SecretBox };
  readonly wipes: Pick<Wipes, 'wipe'>;
}

/** Told, at commit, of every change of a lease that others act on: its id. */
export const LEASES_CHANNEL = 'leases';
/** Told, at commit, of each lease that was handed over: its id. Who was inside may not be let in any more. */
export const HANDED_CHANNEL = 'leases_handed';
/** Told, at commit, of everything that a page of leases shows and that changed: the id of the organisation that it concerns. */
export const LEASE_PAGES_CHANNEL = 'lease_pages';
/** Between a lease's planned end and the next lease of its machine, beside the wipe. */
export const MARGIN_MS = 60_000;

/** Notes what happened to a lease, for its page, and tells who acts on it. */
export async function noteLease({ database, clock, newId }: Pick<LeaseContext, 'database' | 'clock' | 'newId'>, tx: Executor, lease: { readonly organisation_id: string; readonly id: string }, kind: string, detail = ''): Promise<void> {
  await database.scoped(lease.organisation_id, tx).insertInto('lease_events', { id: newId(), lease_id: lease.id, at: new Date(clock.nowMs()), kind, detail: detail.slice(0, 500) }).execute();
  await database.notify(tx, LEASES_CHANNEL, lease.id);
  await database.notify(tx, LEASE_PAGES_CHANNEL, lease.organisation_id);
}
