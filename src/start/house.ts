import { existsSync } from 'node:fs';
import { TandemError, createLogger, homeHolder, lockHome, makeFolder, systemClock, type Clock, type Config, type Logger } from '../base/index.ts';
import { startEmbeddedPostgres, type Connection } from '../db/index.ts';
import type { Phases } from './phases.ts';

/** What every verb of `start` stands on: the home is ours, the database runs. */
export interface House {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly phases: Phases;
  readonly connection: Connection;
  readonly database: 'embedded' | 'external';
}

/**
 * Takes the home and starts or reaches the database. What was started is in `phases`, so the caller
 * stops it by `phases.stopAll()`, also when this throws.
 */
export async function openHouse(config: Config, phases: Phases, signal: AbortSignal, log: Logger): Promise<House> {
  const clock = systemClock;
  prepareHome(config.home);
  const lock = await lockHome(config.home);
  phases.add('home', 1_000, () => lock.release());
  if (config.databaseUrl !== null) {
    return { config, log, clock, phases, connection: { connectionString: config.databaseUrl }, database: 'external' };
  }
  const postgres = await startEmbeddedPostgres({ home: config.home, log, clock, signal });
  phases.add('database', 60_000, () => postgres.stop(), () => postgres.abandon());
  return { config, log, clock, phases, connection: postgres.connection, database: 'embedded' };
}

/** The running server's database when there is one, else the home's own, started for as long as this takes. */
export async function reachDatabase(config: Config, phases: Phases, signal: AbortSignal, log: Logger): Promise<Connection> {
  if (config.databaseUrl !== null) return { connectionString: config.databaseUrl };
  if (!existsSync(config.home)) throw new TandemError('setting_invalid', { params: { name: 'TANDEM_HOME', reason: `there is no home ${config.home}` } });
  if (homeHolder(config.home) !== undefined) {
    // It runs, so this adopts it; it is the server's to stop, not ours.
    return (await startEmbeddedPostgres({ home: config.home, log, clock: systemClock, signal, watch: false })).connection;
  }
  return (await openHouse(config, phases, signal, log)).connection;
}

/** Logs of a person's terminal begin at warnings: the block that start prints says the rest. */
export function houseLogger(config: Config): Logger {
  const chosen = process.env['TANDEM_LOG'];
  return createLogger(chosen || !process.stderr.isTTY ? config.logLevel : 'warn');
}

function prepareHome(home: string): void {
  try {
    makeFolder(home, 0o700);
  } catch (error) {
    if (error instanceof TandemError) throw error;
    throw new TandemError('home_read_only', { params: { home, reason: (error as Error).message }, cause: error });
  }
}
