import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';
import type { FleetDoor, GatewayDoor, ScreensDoor, TerminalsDoor } from '../../faces.ts';

/** Machines that run the agent. */
export function nodeRoutes({ nodes, enrolments }: FleetDoor, { gateway, screens, terminals }: { readonly gateway: GatewayDoor; readonly screens: ScreensDoor; readonly terminals: TerminalsDoor }): Binding[] {
  return [
    handle(routes.leaseTicket, ({ principal, params, body }) => (body.kind === 'terminal' ? terminals.ticket(principal, params.id, body.forActor) : screens.ticket(principal, params.id, body.mode, body.forActor))),
    handle(routes.leaseSsh, ({ principal, params, body }) => gateway.pass(principal, params.id, body.publicKey)),
    handle(routes.nodeList, ({ principal }) => nodes.list(principal)),
    handle(routes.nodeAdd, ({ principal, body }) => enrolments.create(principal, body)),
    handle(routes.nodeShow, ({ principal, params }) => nodes.show(principal, params.id)),
    handle(routes.nodeApprove, ({ principal, params }) => nodes.approve(principal, params.id)),
    handle(routes.nodeWish, ({ principal, params, body }) => nodes.wish(principal, params.id, body)),
    handle(routes.nodeRemove, ({ principal, params }) => nodes.remove(principal, params.id)),
    handle(routes.nodeDoctor, ({ principal, params }) => nodes.doctor(principal, params.id)),
  ];
}
