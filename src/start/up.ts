import { join, relative } from 'node:path';
import { readConfig, systemClock } from '../base/index.ts';
import { banner } from './banner.ts';
import { credentialsPath } from './credentials.ts';
import { buildConsole } from './console-build.ts';
import { tellDiskFull } from './disk-full.ts';
import { houseLogger, openHouse } from './house.ts';
import { openLocalModel } from './local-model.ts';
import { Phases } from './phases.ts';
import { checkAddress } from './port.ts';
import { openRooms } from './rooms.ts';
import { checkOperatorFile } from './operator-file.ts';
import { onStopSignal } from './signals.ts';
import { waitForDatabase } from './wait-for-database.ts';

/**
 * Runs the server until it is told to stop: everything in order, undone in reverse when a step fails. Returns when all has stopped.
 */
export async function up(): Promise<void> {
  const clock = systemClock;
  const startedMs = clock.monotonicMs();
  const config = readConfig(process.env);
  checkOperatorFile(config);
  const log = houseLogger(config);
  const phases = new Phases(log, clock);
  const stopping = new AbortController();
  const stopped = Promise.withResolvers<void>();
  const removeHandlers = onStopSignal((signal) => {
    // Without a person at a terminal the log is all that tells why a server ended: loud enough for every level that people choose.
    if (process.stderr.isTTY) process.stderr.write('\nStopping... (again to force)\n');
    else log.warn({ signal }, 'stopping, as this signal asks');
    stopping.abort(new Error('interrupted'));
    stopped.resolve();
  }, () => {
    phases.abandonAll();
    process.exit(130);
  }, clock.monotonicMs);

  try {
    await checkAddress(config);
    // Pages and weights take longest at a first start and need nothing else, so they go beside the rest.
    const house = await openHouse(config, phases, stopping.signal, log);
    const pages = buildConsole(config.cache, log);
    const localModel = openLocalModel({ config, log, clock, signal: stopping.signal, out: process.stderr });
    phases.add('model', 10_000, () => localModel.engine?.stop());
    const built = await pages;
    const rooms = await waitForDatabase(phases, (own) => openRooms({ ...house, phases: own }, localModel, built), {
      clock, log, waitMs: config.databaseWaitSeconds * 1_000, signal: stopping.signal, say: (text) => void process.stderr.write(`${text}\n`),
    });
    stopping.signal.throwIfAborted();

    await Promise.race([localModel.settled, stopped.promise]);
    stopping.signal.throwIfAborted();
    const { state, detail } = localModel.describe();
    const root = join(import.meta.dirname, '../..');
    process.stdout.write(banner({
      url: rooms.url, credentials: credentialsPath(config.home), signInUrl: rooms.signInUrl, consoleProblem: rooms.consoleProblem,
      model: { alias: 'tandem/local', ready: state === 'ready', problem: detail }, startedInMs: clock.monotonicMs() - startedMs,
      command: relative(process.cwd(), root) === '' ? './tandem' : join(root, 'tandem'),
    }));
    await stopped.promise;
  } catch (error) {
    if (!stopping.signal.aborted) throw config.databaseUrl === null ? tellDiskFull(error, config.home) : error;
  } finally {
    await phases.stopAll();
    removeHandlers();
  }
  log.info({}, 'stopped');
}
