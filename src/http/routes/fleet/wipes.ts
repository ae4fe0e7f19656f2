import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';
import type { FleetDoor } from '../../faces.ts';

/** What was wiped after leases, and the keys that vouch for it. */
export function wipeRoutes({ wipes, releaseNode }: Pick<FleetDoor, 'wipes' | 'releaseNode'>): Binding[] {
  return [
    handle(routes.wipeOfLease, ({ principal, params }) => wipes.ofLease(principal, params.id)),
    handle(routes.wipeOfNode, ({ principal, params, query }) => wipes.ofNode(principal, params.id, query)),
    handle(routes.nodeRelease, ({ principal, params, body }) => releaseNode(principal, params.id, body.reason)),
    handle(routes.wipeKeys, () => wipes.keys()),
  ];
}
