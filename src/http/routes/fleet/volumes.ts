import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';
import type { FleetDoor } from '../../faces.ts';

/** Homes of leases: what is in them, and those that are kept. */
export function volumeRoutes({ volumes }: Pick<FleetDoor, 'volumes'>): Binding[] {
  return [
    handle(routes.leaseContents, ({ principal, params }) => volumes.contents(principal, params.id)),
    handle(routes.leaseKeep, ({ principal, params, body }) => volumes.keep(principal, params.id, body)),
    handle(routes.leaseLetGo, ({ principal, params }) => volumes.letGo(principal, params.id)),
    handle(routes.volumeList, ({ principal }) => volumes.list(principal)),
    handle(routes.volumeExtend, ({ principal, params, body }) => volumes.extend(principal, params.id, body)),
    handle(routes.volumeRemove, ({ principal, params }) => volumes.remove(principal, params.id)),
  ];
}
