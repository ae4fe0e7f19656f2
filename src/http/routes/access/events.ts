import type { Access } from '../../../access/index.ts';
import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';

/** The audit trail. */
export function eventRoutes(access: Pick<Access, 'audit'>): Binding[] {
  return [
    handle(routes.eventList, ({ principal, query }) => access.audit.list(principal, query)),
    handle(routes.eventVerify, ({ principal }) => access.audit.verify(principal)),
  ];
}
