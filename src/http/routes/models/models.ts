import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';
import type { ModelsDoor } from '../../faces.ts';

/** Aliases and the backends behind them. */
export function modelRoutes({ aliases, backends }: Pick<ModelsDoor, 'aliases' | 'backends'>): Binding[] {
  return [
    handle(routes.modelList, async ({ principal }) => aliases.list(principal)),
    handle(routes.modelCreate, ({ principal, body }) => aliases.create(principal, body)),
    handle(routes.modelRemove, ({ principal, params }) => aliases.remove(principal, params.name)),
    handle(routes.backendList, async ({ principal }) => backends.list(principal)),
    handle(routes.backendCreate, ({ principal, body }) => backends.create(principal, body)),
    handle(routes.backendUpdate, ({ principal, params, body }) => backends.update(principal, params.id, body)),
    handle(routes.backendRemove, ({ principal, params }) => backends.remove(principal, params.id)),
    handle(routes.backendCheck, ({ principal, params }) => backends.check(principal, params.id)),
  ];
}
