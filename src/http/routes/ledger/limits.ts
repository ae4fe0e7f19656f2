import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';
import type { LedgerDoor } from '../../faces.ts';

/** Limits on requests, tokens and parallel calls. */
export function limitRoutes({ limits }: Pick<LedgerDoor, 'limits'>): Binding[] {
  return [
    handle(routes.limitList, ({ principal }) => limits.list(principal)),
    handle(routes.limitCreate, ({ principal, body }) => limits.create(principal, body)),
    handle(routes.limitUpdate, ({ principal, params, body }) => limits.update(principal, params.id, body)),
    handle(routes.limitRemove, ({ principal, params }) => limits.remove(principal, params.id)),
  ];
}
