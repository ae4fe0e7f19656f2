import type { MachineProvider } from '../provider.ts';
import type { StandIn, StandInReply } from './stand-in.ts';

/** A provider with the stand-in behind it, as the conformance suite uses every one. */
export interface ProviderBench {
  readonly provider: MachineProvider;
  /** An offer that can be ordered. */
  readonly offer: string;
  /** Stands in no error. */
  readonly secret: string;
  readonly minimumMs: number;
  readonly standIn: StandIn;
  /** The same account with a key that is not valid; null: there is none to give. */
  readonly withBadKey: (() => MachineProvider) | null;
  /** Machines that are ordered from now on are ready only after that time. */
  readonly deliverSlowly: ((ms: number) => void) | null;
  readonly setStock: (count: number) => void;
  /** Machines that the account is billed for. */
  readonly billed: () => number;
  /** A machine that somebody ordered by hand; null: that cannot be here. @returns its id. */
  readonly addForeign: ((name: string) => string) | null;
  /** Null: nothing is called to order there. */
  readonly throttled: StandInReply | null;
  readonly down: StandInReply | null;
  readonly stop: () => Promise<void>;
}
