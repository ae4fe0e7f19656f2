import { can } from '../../../access/index.ts';
import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';
import type { Doctor, LedgerDoor } from '../../faces.ts';

/** The doctor's checks and the month in a few numbers. */
export function systemRoutes(options: { readonly doctor: Doctor; readonly ledger: Pick<LedgerDoor, 'overview'>; readonly version: string }): Binding[] {
  const { doctor, ledger, version } = options;
  return [
    handle(routes.doctor, async () => ({ ...(await doctor()), version })),
    handle(routes.overview, async ({ principal }) => {
      const [month, { state, checks }] = await Promise.all([ledger.overview(principal), doctor()]);
      // Everybody may know that something is wrong; what exactly is the operator's.
      const problems = can(principal, 'system.read') ? checks.filter((check) => check.state !== 'pass') : [];
      return { ...month, health: { state, problems } };
    }),
  ];
}
