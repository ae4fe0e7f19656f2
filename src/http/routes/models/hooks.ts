import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';
import type { ModelsDoor } from '../../faces.ts';

/** What is asked before calls. */
export function hookRoutes({ hooks }: Pick<ModelsDoor, 'hooks'>): Binding[] {
  return [
    handle(routes.hookList, ({ principal }) => hooks.list(principal)),
    handle(routes.hookCreate, ({ principal, body }) => hooks.create(principal, body)),
    handle(routes.hookUpdate, ({ principal, params, body }) => hooks.update(principal, params.id, body)),
    handle(routes.hookRotate, ({ principal, params }) => hooks.rotate(principal, params.id)),
    handle(routes.hookTest, ({ principal, params }) => hooks.test(principal, params.id)),
    handle(routes.hookFailures, ({ principal, params }) => hooks.failures(principal, params.id)),
    handle(routes.hookRemove, ({ principal, params }) => hooks.remove(principal, params.id)),
  ];
}
