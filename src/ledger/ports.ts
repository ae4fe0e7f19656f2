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

/** A call and what each backend that tried it had counted. */
export interface MachineCall {
  readonly id: string;
  readonly tries: readonly { readonly backendId: string; readonly tokens: bigint }[];
}

/** A call's part of what the machines cost that it ran on. */
export interface MachineShare {
  /** `waiting`: its minutes are not split yet. `missed`: its usage was written down after the last of them was split, so that its part is in nobody's. */
  readonly state: 'split' | 'waiting' | 'missed';
  /** Minutes of leases, each by the call's part of its tokens; null unless split. */
  readonly minutes: number | null;
  /** Picodollars of the currency; null unless split. */
  readonly cost: string | null;
  readonly currency: string;
}

/** What an organisation's machines cost for a call, as the room that splits their minutes says it; null: none of them had it. */
export type MachineShares = (organisationId: string, call: MachineCall) => Promise<MachineShare | null>;

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
