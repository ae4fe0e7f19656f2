import { TandemError } from '../../../base/index.ts';
import type { Principal } from '../../../access/index.ts';
import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';
import type { LedgerDoor, ModelsDoor } from '../../faces.ts';

/** Prices, budgets, usage, bills, invoices and credits. */
export function moneyRoutes({ prices, budgets, usage, bill, invoices, credits }: LedgerDoor, backends: Pick<ModelsDoor['backends'], 'list'>): Binding[] {
  /** The ledger knows backends by their id alone; whose they are is known to `models`. */
  const demandBackend = async (principal: Principal, id: string) => {
    const { items } = await backends.list(principal);
    if (!items.some((backend) => backend.id === id)) throw new TandemError('resource_not_found', { params: { kind: 'backend', id, verb: 'backends' }, param: 'backendId' });
  };
  return [
    handle(routes.priceList, async ({ principal, query }) => prices.list(principal, query)),
    handle(routes.priceCreate, async ({ principal, body }) => {
      if (body.backendId !== undefined) await demandBackend(principal, body.backendId);
      return prices.create(principal, body);
    }),
    handle(routes.priceImport, ({ principal, body }) => prices.import(principal, body)),

    handle(routes.budgetList, ({ principal }) => budgets.list(principal)),
    handle(routes.budgetCreate, ({ principal, body }) => budgets.create(principal, body)),
    handle(routes.budgetUpdate, ({ principal, params, body }) => budgets.update(principal, params.id, body)),
    handle(routes.budgetRemove, ({ principal, params }) => budgets.remove(principal, params.id)),

    handle(routes.usageList, ({ principal, query }) => usage.list(principal, query)),
    handle(routes.usageShow, ({ principal, params }) => usage.show(principal, params.id)),
    handle(routes.usageExport, async ({ principal, query }) => usage.export(principal, query)),
    handle(routes.usageRecord, ({ principal, body }) => usage.record(principal, body.events)),

    handle(routes.billShow, ({ principal, query }) => bill.show(principal, query)),
    handle(routes.billVerify, ({ principal }) => bill.verify(principal)),
    handle(routes.invoiceList, ({ principal }) => invoices.list(principal)),
    handle(routes.invoiceShow, ({ principal, params }) => invoices.show(principal, params.id)),
    handle(routes.invoiceClose, ({ principal, body }) => invoices.close(principal, body)),
    handle(routes.adjustmentCreate, ({ principal, params, body }) => invoices.adjust(principal, params.id, body)),
    handle(routes.creditList, ({ principal }) => credits.list(principal)),
    handle(routes.creditCreate, ({ principal, body }) => credits.create(principal, body)),
  ];
}
