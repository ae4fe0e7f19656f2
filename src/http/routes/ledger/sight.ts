import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';
import type { LedgerDoor } from '../../faces.ts';

/** Requests, latency and spend. */
export function sightRoutes({ sight }: Pick<LedgerDoor, 'sight'>): Binding[] {
  return [
    handle(routes.requestList, ({ principal, query }) => sight.requests(principal, query)),
    handle(routes.requestErrors, ({ principal, query }) => sight.errors(principal, query)),
    handle(routes.requestShow, ({ principal, params }) => sight.request(principal, params.id)),
    handle(routes.latencyShow, ({ principal, query }) => sight.latency(principal, query)),
    handle(routes.spendShow, ({ principal, query }) => sight.spend(principal, query)),
  ];
}
