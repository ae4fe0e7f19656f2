/**
 * What this room asks of the rooms below it: the parts of their faces that it uses, so that tests can stand in
 * for them and a reader sees how little that is.
 */
import type { Access } from '../access/index.ts';
import type { Fleet, NodeLink } from '../fleet/index.ts';
import type { Ledger, PriceBook } from '../ledger/index.ts';

export type { Principal } from '../access/index.ts';
export { rate, type BackendCall, type Admission, type Attempt, type Bucket, type CallEnd, type Counted, type Hold, type LimitFigures, type MachineCall, type MachineCost, type MachineShare, type MachineShares, type Outcome, type Place, type PriceVersion, type Quantities, type RatedLine, type Settlement } from '../ledger/index.ts';

/** Prices in memory. */
export type PricePort = Pick<PriceBook, 'priceAt'>;

export interface LedgerPort {
  readonly admit: Ledger['admit'];
  readonly countRequest: Ledger['countRequest'];
  readonly priceBook: Pick<PriceBook, 'priceAt' | 'priceOn'>;
  /** Of this process: its calls are in that log. */
  readonly epochId: Ledger['epochId'];
  readonly delivered: Ledger['delivered'];
  /** Of this process among all that share the database. */
  readonly place: Ledger['place'];
  /** What calls did, after they ended. */
  readonly sight: Pick<Ledger['sight'], 'request' | 'scenarios' | 'noteAnnotations'>;
}

/** The audit trail: an entry in the transaction of the change it tells of, and refused attempts beside it. Organisations and projects from memory. */
export interface AccessPort {
  readonly audit: Pick<Access['audit'], 'record'>;
  readonly directory: Pick<Access['directory'], 'projectFor' | 'organisation' | 'project' | 'principalOfKey' | 'principalOfMember' | 'cacheSecondsOf' | 'refresh'>;
  readonly noteRefusal: Access['noteRefusal'];
  readonly consents: Pick<Access['consents'], 'holds'>;
  readonly purges: Pick<Access['purges'], 'note' | 'allow'>;
  readonly projects: Pick<Access['projects'], 'demandOpen'>;
}

/** Leases, for models that are served from the fleet, and the way to their machines. */
export interface FleetPort {
  readonly leases: Pick<Fleet['leases'], 'quote' | 'create' | 'show' | 'end' | 'minutes'>;
  readonly link: Pick<NodeLink, 'ask' | 'open'>;
}

/** What calls had made by backends, for those whose backends they are. */
export type CallsPort = Ledger['callsOnBackends'];

/** What machines cost for calls, for the sums of spend. */
export type NoteCostsPort = Ledger['sight']['noteMachineCosts'];
