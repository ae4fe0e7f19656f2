import type { Clock } from '../../../base/index.ts';
import type { Database } from '../../../db/index.ts';
import type { StaticClaims } from '../static/static-macs.ts';

/** Claims of one account's machines, kept in the database: of two that claim one machine at once, one has it. */
export function storedClaims(database: Database, clock: Clock, provider: string): StaticClaims {
  const all = () => database.unscoped('machines of the operator').selectFrom('provider_claims').select(['machine_id', 'tag']).where('provider', '=', provider).execute();
  return {
    async claim(machineId, tag) {
      await database.unscoped('machines of the operator').insertInto('provider_claims').values({ provider, machine_id: machineId, tag, at: new Date(clock.nowMs()) }).onConflict((on) => on.doNothing()).execute();
      return (await all()).some((one) => one.machine_id === machineId && one.tag === tag);
    },
    async free(machineId) {
      await database.unscoped('machines of the operator').deleteFrom('provider_claims').where('provider', '=', provider).where('machine_id', '=', machineId).execute();
    },
    async all() {
      return new Map((await all()).map(({ machine_id, tag }) => [machine_id, tag]));
    },
  };
}
