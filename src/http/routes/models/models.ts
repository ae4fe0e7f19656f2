import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';
import type { ModelsDoor } from '../../faces.ts';

/** Aliases, and the backends behind them. */
export function modelRoutes({ configuration, aliases, backends }: Pick<ModelsDoor, 'configuration' | 'aliases' | 'backends'>): Binding[] {
  return [
    handle(routes.configShow, ({ principal }) => configuration.show(principal)),
    handle(routes.configPlan, ({ principal, body }) => configuration.plan(principal, body.config)),
    handle(routes.configApply, ({ principal, body }) => configuration.apply(principal, body.config, body.fingerprint)),
    handle(routes.modelList, async ({ principal }) => aliases.list(principal)),
    handle(routes.modelCreate, ({ principal, body }) => aliases.create(principal, body)),
    handle(routes.modelShow, async ({ principal, params }) => aliases.show(principal, params.name)),
    handle(routes.modelUpdate, ({ principal, params, body }) => aliases.update(principal, params.name, body)),
    handle(routes.modelRemove, ({ principal, params }) => aliases.remove(principal, params.name)),
    handle(routes.backendList, async ({ principal }) => backends.list(principal)),
    handle(routes.backendCreate, ({ principal, body }) => backends.create(principal, body)),
    handle(routes.backendUpdate, ({ principal, params, body }) => backends.update(principal, params.id, body)),
    handle(routes.backendKeyCreate, ({ principal, params, body: { label, ...change } }) => backends.setKey(principal, params.id, label, change)),
    handle(routes.backendKeyRemove, ({ principal, params }) => backends.removeKey(principal, params.id, params.label)),
    handle(routes.backendRemove, ({ principal, params }) => backends.remove(principal, params.id)),
    handle(routes.backendCheck, ({ principal, params }) => backends.check(principal, params.id)),
  ];
}
