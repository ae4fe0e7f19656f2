import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';
import type { LedgerDoor } from '../../faces.ts';

/** Where an organisation is told of what happens. */
export function webhookRoutes({ webhooks: { endpoints } }: Pick<LedgerDoor, 'webhooks'>): Binding[] {
  return [
    handle(routes.webhookList, ({ principal }) => endpoints.list(principal)),
    handle(routes.webhookCreate, ({ principal, body }) => endpoints.create(principal, body)),
    handle(routes.webhookRemove, ({ principal, params }) => endpoints.remove(principal, params.id)),
    handle(routes.webhookDeliveries, ({ principal, params }) => endpoints.deliveries(principal, params.id)),
  ];
}
