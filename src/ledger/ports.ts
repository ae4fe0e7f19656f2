import type { Clock, Logger } from '../base/index.ts';
import type { Actor } from '../access/index.ts';
import type { Database, Executor } from '../db/index.ts';

/** Writes an entry of the audit trail in the transaction of the change it tells of. `access.audit` is one. */
export interface AuditPort {
  record(tx: Executor, by: { readonly organisationId: string; readonly actor: Actor }, entry: {
    readonly action: string;
    readonly resourceKind: string;
    readonly resourceId: string | null;
    readonly change: Readonly<Record<string, unknown>>;
  }): Promise<void>;
}

/** Names and settings of organisations, from memory: `access.directory` is one. */
export interface NamesPort {
  organisation(id: string): { readonly currency: string; readonly billing: 'postpaid' | 'prepaid' } | undefined;
  projectName(id: string): string | null;
  keyName(id: string): string | null;
}

/** A backend's name by its id, as the room that knows backends says it; null where there is none any more. */
export type BackendNames = (id: string) => string | null;

/** What the books ask of the money path. */
export interface MoneyPathPort {
  /** Everything that ended before this is in `usage_events`; null: nothing is known to be missing. */
  postedThrough(executor: Executor): Promise<Date | null>;
  /** The escrowed balance of a prepaid organisation: all credit ever given less what expired. */
  setPrepaid(tx: Executor, organisationId: string, amount: bigint): Promise<void>;
}

/** What every book is kept with. */
export interface BookPorts {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newId: () => string;
  readonly audit: AuditPort;
  readonly names: NamesPort;
  readonly moneyPath: MoneyPathPort;
}
