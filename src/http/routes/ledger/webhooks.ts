import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';
import type { LedgerDoor } from '../../faces.ts';

/** Where an organisation is told of what happens, and where its usage is sent to. */
export function webhookRoutes({ webhooks: { endpoints }, feeds }: Pick<LedgerDoor, 'webhooks' | 'feeds'>): Binding[] {
  return [
    handle(routes.feedList, ({ principal }) => feeds.list(principal)),
    handle(routes.feedCreate, ({ principal, body }) => feeds.create(principal, body)),
    handle(routes.feedUpdate, ({ principal, params, body }) => feeds.update(principal, params.id, body)),
    handle(routes.feedRotate, ({ principal, params }) => feeds.rotate(principal, params.id)),
    handle(routes.feedRemove, ({ principal, params }) => feeds.remove(principal, params.id)),
    handle(routes.webhookList, ({ principal }) => endpoints.list(principal)),
    handle(routes.webhookCreate, ({ principal, body }) => endpoints.create(principal, body)),
    handle(routes.webhookRotate, ({ principal, params }) => endpoints.rotate(principal, params.id)),
    handle(routes.webhookRemove, ({ principal, params }) => endpoints.remove(principal, params.id)),
    handle(routes.webhookDeliveries, ({ principal, params }) => endpoints.deliveries(principal, params.id)),
  ];
}
