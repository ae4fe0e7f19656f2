import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';
import type { ModelsDoor } from '../../faces.ts';

/** Models that are served from leased machines. */
export function servingRoutes(models: Pick<ModelsDoor, 'servings'>): Binding[] {
  return [
    handle(routes.servingList, ({ principal }) => models.servings.list(principal)),
    handle(routes.servingCreate, ({ principal, body }) => models.servings.create(principal, body)),
    handle(routes.servingShow, ({ principal, params }) => models.servings.show(principal, params.id)),
    handle(routes.servingOutput, ({ principal, params, query }) => models.servings.output(principal, params.id, query.replica)),
    handle(routes.servingScale, ({ principal, params, body }) => models.servings.scale(principal, params.id, body)),
    handle(routes.servingStop, ({ principal, params }) => models.servings.stop(principal, params.id)),
  ];
}
