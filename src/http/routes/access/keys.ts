import type { Access, KeyView, Principal } from '../../../access/index.ts';
import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';
import type { KeyBudget, LedgerDoor } from '../../faces.ts';

export interface KeyRouteOptions {
  readonly access: Pick<Access, 'keys'>;
  readonly budgets: LedgerDoor['budgets'];
}

type KeyReply = KeyView & { readonly budget: KeyBudget | null };

/** Keys with their budgets: the key is access's, its budget the ledger's; here they meet. */
export function keyRoutes({ access, budgets }: KeyRouteOptions): Binding[] {
  const { keys } = access;
  const withBudgets = async (principal: Principal, views: readonly KeyView[]): Promise<KeyReply[]> => {
    const found = views.length === 0 ? undefined : await budgets.ofKeys(principal.organisationId, views.map((view) => view.id));
    return views.map((view) => ({ ...view, budget: found?.get(view.id) ?? null }));
  };
  const withBudget = async (principal: Principal, view: KeyView): Promise<KeyReply> => (await withBudgets(principal, [view]))[0]!;

  return [
    handle(routes.keyList, async ({ principal, query }) => {
      const { items, nextCursor } = await keys.list(principal, query);
      return { items: await withBudgets(principal, items), nextCursor };
    }),
    handle(routes.keyCreate, async ({ principal, body }) => {
      const { budget, ...input } = body;
      if (budget === null) {
        const { key, secret } = await keys.create(principal, input);
        return { key: { ...key, budget: null }, secret };
      }
      // A key that was to have a budget never exists without it.
      const { key, secret } = await keys.createWith(principal, input, (tx, id) => budgets.create(principal, { scope: { kind: 'key', id }, ...budget, subject: null, alertShares: [] }, tx));
      return { key: await withBudget(principal, key), secret };
    }),
    handle(routes.keyShow, async ({ principal, params }) => withBudget(principal, await keys.show(principal, params.id))),
    handle(routes.keyUpdate, async ({ principal, params, body }) => withBudget(principal, await keys.update(principal, params.id, body))),
    handle(routes.keyRotate, async ({ principal, params, body }) => {
      const { key, secret } = await keys.rotate(principal, params.id, body);
      return { key: await withBudget(principal, key), secret };
    }),
    handle(routes.keyRevoke, async ({ principal, params }) => withBudget(principal, await keys.revoke(principal, params.id))),
  ];
}
