import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';
import type { FleetDoor } from '../../faces.ts';

/** Machines that run the agent. */
export function nodeRoutes({ nodes, enrolments }: Pick<FleetDoor, 'nodes' | 'enrolments'>): Binding[] {
  return [
    handle(routes.nodeList, ({ principal }) => nodes.list(principal)),
    handle(routes.nodeAdd, ({ principal, body }) => enrolments.create(principal, body)),
    handle(routes.nodeShow, ({ principal, params }) => nodes.show(principal, params.id)),
    handle(routes.nodeApprove, ({ principal, params }) => nodes.approve(principal, params.id)),
    handle(routes.nodeWish, ({ principal, params, body }) => nodes.wish(principal, params.id, body)),
    handle(routes.nodeRemove, ({ principal, params }) => nodes.remove(principal, params.id)),
    handle(routes.nodeDoctor, ({ principal, params }) => nodes.doctor(principal, params.id)),
  ];
}
