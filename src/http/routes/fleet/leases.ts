import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';
import type { FleetDoor } from '../../faces.ts';

/** Who has which machine, and for how long. */
export function leaseRoutes({ pools, leases, quotas, operatorMinutes }: Pick<FleetDoor, 'pools' | 'leases' | 'quotas' | 'operatorMinutes'>): Binding[] {
  const startsAtMs = (startsAt: string | null) => (startsAt === null ? null : Date.parse(startsAt));
  return [
    handle(routes.poolList, ({ principal }) => pools.list(principal)),
    handle(routes.poolCreate, ({ principal, body }) => pools.create(principal, body)),
    handle(routes.poolUpdate, ({ principal, params, body }) => pools.update(principal, params.id, body)),
    handle(routes.poolRemove, ({ principal, params }) => pools.remove(principal, params.id)),
    handle(routes.operatorMinutes, ({ principal, query }) => operatorMinutes.show(principal, query.month ?? null)),
    handle(routes.quotaList, ({ principal }) => quotas.list(principal)),
    handle(routes.quotaSet, ({ principal, body }) => quotas.set(principal, body)),
    handle(routes.quotaRemove, ({ principal, params }) => quotas.remove(principal, params.id)),
    handle(routes.leaseQuote, ({ principal, body: { startsAt, ...wish } }) => leases.quote(principal, { ...wish, startsAtMs: startsAtMs(startsAt) })),
    handle(routes.leaseCreate, ({ principal, body: { startsAt, ...wish } }) => leases.create(principal, { ...wish, startsAtMs: startsAtMs(startsAt) })),
    handle(routes.leaseList, ({ principal, query }) => leases.list(principal, query)),
    handle(routes.leaseShow, ({ principal, params }) => leases.show(principal, params.id)),
    handle(routes.leaseLogs, ({ principal, params, query }) => leases.logs(principal, params.id, query)),
    handle(routes.leaseExtend, ({ principal, params, body }) => leases.extend(principal, params.id, body)),
    handle(routes.leaseHandOver, ({ principal, params, body }) => leases.handOver(principal, params.id, body)),
    handle(routes.leaseEnd, ({ principal, params }) => leases.end(principal, params.id)),
  ];
}
