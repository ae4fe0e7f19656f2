import { TandemError, isUuid, readConfig, systemClock } from '../base/index.ts';
import { openDatabase } from '../db/index.ts';
import { forgetEpoch } from '../ledger/index.ts';
import { houseLogger, reachDatabase } from './house.ts';
import { Phases } from './phases.ts';

/** Gives up the log of a gateway whose disk is gone: what it held is free again, what it had not posted is lost, and counted. */
export async function forget(epochId: string): Promise<void> {
  if (!isUuid(epochId)) throw new TandemError('words_invalid', { params: { reason: `${epochId} is not the id of a gateway, as tandem doctor names it` } });
  const config = readConfig(process.env);
  const log = houseLogger(config);
  const phases = new Phases(log, systemClock);
  try {
    const connection = await reachDatabase(config, phases, new AbortController().signal, log);
    const database = await openDatabase({ connection, log, clock: systemClock });
    phases.add('connections', 10_000, () => database.close());
    const { lostCalls } = await forgetEpoch(database, epochId, systemClock.nowMs());
    process.stdout.write(`Forgot the gateway ${epochId}. Calls that it had open as far as its log was posted: ${lostCalls}; what it had not posted is in no bill.\n`);
  } finally {
    await phases.stopAll();
  }
}
