import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';
import type { LedgerDoor } from '../../faces.ts';

/** Prices, budgets, usage, bills, invoices and credits. */
export function moneyRoutes({ prices, budgets, usage, bill, invoices, credits }: LedgerDoor): Binding[] {
  return [
    handle(routes.priceList, async ({ principal, query }) => prices.list(principal, query)),
    handle(routes.priceCreate, ({ principal, body }) => prices.create(principal, body)),
    handle(routes.priceImport, ({ principal, body }) => prices.import(principal, body)),

    handle(routes.budgetList, ({ principal }) => budgets.list(principal)),
    handle(routes.budgetCreate, ({ principal, body }) => budgets.create(principal, body)),
    handle(routes.budgetUpdate, ({ principal, params, body }) => budgets.update(principal, params.id, body)),
    handle(routes.budgetRemove, ({ principal, params }) => budgets.remove(principal, params.id)),

    handle(routes.usageList, ({ principal, query }) => usage.list(principal, query)),
    handle(routes.usageShow, ({ principal, params }) => usage.show(principal, params.id)),
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
