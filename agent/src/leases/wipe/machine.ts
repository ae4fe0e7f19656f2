import type { RunCommand } from '../../machine/command.ts';
import type { Device } from '../gpus/devices.ts';

/** What is said while cards are looked at. */
export interface Notes {
  readonly found: string[];
  readonly evidence: string[];
  readonly unchecked: string[];
}

/** What a wipe of cards needs of the machine. */
export interface Machine {
  readonly run: RunCommand;
  readonly wait: (ms: number) => Promise<void>;
  /** Does something while no lease with cards begins here, told what the leases that run have; default: there are none. */
  readonly whileNoneBegins?: <T>(work: (others: readonly Device[]) => Promise<T>) => Promise<T>;
  /** Whether whole cards may be reset; default: they may. */
  readonly mayReset?: boolean;
  /** Of the file system; default: its own. */
  readonly root?: string;
}

/** Who runs the machine may keep cards from being reset: `none` in this variable of the agent. */
export const RESET_VARIABLE = 'TANDEM_AGENT_GPU_RESET';
/** Why a card was not reset, where it was not to be. */
export const NOT_TO_BE_RESET = `${RESET_VARIABLE}=none`;

/** For what nothing clears. */
export const FREED = 'it is freed by the driver, and was not overwritten';
