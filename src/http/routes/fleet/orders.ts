import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';
import type { FleetDoor } from '../../faces.ts';

/** Machines to rent. */
export function orderRoutes({ providers: { orders } }: Pick<FleetDoor, 'providers'>): Binding[] {
  const date = (text: string | null) => (text === null ? null : new Date(text));
  return [
    handle(routes.providerList, ({ principal }) => orders.providers(principal)),
    handle(routes.providerCheck, ({ principal, params }) => orders.check(principal, params.name)),
    handle(routes.orphanList, ({ principal }) => orders.orphans(principal)),
    handle(routes.orderList, ({ principal }) => orders.list(principal)),
    handle(routes.orderCreate, ({ principal, body }) => orders.create(principal, { ...body, ceiling: BigInt(body.ceiling), neededUntil: date(body.neededUntil) })),
    handle(routes.orderSeveral, ({ principal, body: { allWithinMinutes, ...body } }) => orders.createSeveral(principal, { ...body, ceiling: BigInt(body.ceiling), neededUntil: date(body.neededUntil), allWithinMs: allWithinMinutes === null ? null : allWithinMinutes * 60_000 })),
    handle(routes.orderPlan, ({ principal, body }) => orders.planGpus(principal, body)),
    handle(routes.orderAdopt, ({ principal, body }) => orders.adopt(principal, { ...body, ceiling: BigInt(body.ceiling), neededUntil: date(body.neededUntil) })),
    handle(routes.orderShow, ({ principal, params }) => orders.show(principal, params.id)),
    handle(routes.orderRelease, ({ principal, params, body }) => orders.release(principal, params.id, date(body.neededUntil))),
    handle(routes.orderReinstall, ({ principal, params }) => orders.reinstall(principal, params.id)),
    handle(routes.orderEnter, ({ principal, params }) => orders.enter(principal, params.id)),
  ];
}
