import type { Clock, Logger } from '../../base/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import type { AccessPort, CallsPort, FleetPort, MachineShares, NoteCostsPort } from '../ports.ts';
import type { Connect } from '../registry/build.ts';
import type { Catalogue } from '../registry/catalogue.ts';
import type { Alias, Backend, CallLimits } from '../registry/target.ts';
import { ColdStarts } from './cold-starts.ts';
import type { ServingContext } from './context.ts';
import { embeddedEngine } from './engines/embedded.ts';
import { engineFiles, type EngineFilesOptions } from './engines/engine-files.ts';
import { llamaCpp } from './engines/llama-cpp.ts';
import { vllm } from './engines/vllm.ts';
import { ServingKeeper } from './keeper.ts';
import { machineShares } from './machine-share.ts';
import { ReplicaMinutes } from './minutes.ts';
import { ReplicaDoor } from './replica-door.ts';
import { servedNames } from './served-names.ts';
import { Servings } from './servings.ts';

export interface ServingOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newId: () => string;
  readonly access: AccessPort;
  readonly fleet: FleetPort;
  readonly calls: CallsPort;
  readonly noteCosts: NoteCostsPort;
  readonly catalogue: Catalogue;
  readonly limits: CallLimits;
  readonly files: Omit<EngineFilesOptions, 'log' | 'clock'>;
}

/** Models served from the fleet, all parts of it: asked for, kept, found by calls, and paid for. */
export class Serving {
  readonly servings: Servings;
  readonly coldStarts: ColdStarts;
  /** What its machines cost for one call. */
  readonly machineShare: MachineShares;
  readonly #keeper: ServingKeeper;
  readonly #minutes: ReplicaMinutes;
  readonly #door: ReplicaDoor;
  readonly #limits: CallLimits;

  constructor(options: ServingOptions) {
    const { fleet, files, log, clock, catalogue, limits } = options;
    this.#door = new ReplicaDoor(fleet.link);
    this.#limits = limits;
    const context: ServingContext = { ...options, door: this.#door, engines: { vllm, 'llama-cpp': llamaCpp, embedded: embeddedEngine(engineFiles({ ...files, log, clock })) } };
    this.servings = new Servings(context, catalogue);
    this.coldStarts = new ColdStarts(options);
    this.machineShare = machineShares(context);
    this.#keeper = new ServingKeeper(context);
    this.#minutes = new ReplicaMinutes(context);
  }

  /** What the registry is to know of names that are served. */
  names(db: Executor, connect: Connect): Promise<{ backends: Backend[]; aliases: Alias[] }> {
    return servedNames(db, connect, this.#door, this.#limits);
  }

  /** Looks after all servings once: periodic, by one process at a time. */
  keep(signal: AbortSignal): Promise<void> {
    return this.#keeper.tick(signal);
  }

  /** Splits the minutes that are due over tokens: periodic, by one process at a time. */
  settle(signal: AbortSignal): Promise<void> {
    return this.#minutes.settle(signal);
  }

  /** Resolves when nothing is on its way to a node. */
  settled(): Promise<void> {
    return this.#keeper.settled();
  }
}
