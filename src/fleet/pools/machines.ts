import type { Executor } from '../../db/index.ts';
import type { MachineView, UnitView } from '../placement/index.ts';
import type { MachineCost } from '../price/provider-cost.ts';
import type { Allowance } from './allowance.ts';

/** A machine with what leasing it needs to know beyond placement. */
export interface LeasableMachine extends MachineView {
  readonly name: string;
  /** By which price a unit of a kind is leased. */
  resourceOf(unit: UnitView): string;
  /** When a day is paid at least. */
  readonly leastDay: 'others' | 'always' | 'never';
  /** After how many unused minutes its tenant is told; null: never. */
  readonly idleMinutes: number | null;
  /** Sessions on it are recorded. */
  readonly record: boolean;
  /** Linux in the place of a Mac: not macOS. */
  readonly standIn: boolean;
}

/** Where the machines come from that can be leased. */
export interface MachineSource {
  machines(executor?: Executor): Promise<readonly LeasableMachine[]>;
  /** Those of them that are there, as they are now; until the transaction ends nobody removes them or has them take nothing. */
  locked(tx: Executor, ids: readonly string[]): Promise<readonly LeasableMachine[]>;
  /** What providers charge for these machines; those that nobody bills by the hour are not in it. */
  costs(machineIds: readonly string[], executor?: Executor): Promise<ReadonlyMap<string, MachineCost>>;
  /** What a lease may use there, by its units. */
  allowance(machineId: string, unitIds: readonly string[]): Promise<Allowance>;
  /** The network that machines share, by which programs of one job on them may talk directly; or why they share none. */
  ranksNetwork(machineIds: readonly string[]): Promise<{ readonly network: string } | { readonly why: string }>;
  /** Nothing is placed there until somebody has looked. */
  quarantine(machineId: string, reason: string): Promise<void>;
}
