import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';
import type { RootsDoor } from '../../faces.ts';

/** The roots of the agents' certificates. */
export function rootRoutes(roots: RootsDoor): Binding[] {
  return [
    handle(routes.rootList, ({ principal }) => roots.show(principal)),
    handle(routes.rootReplace, ({ principal }) => roots.replace(principal)),
    handle(routes.rootRetire, ({ principal }) => roots.retire(principal)),
  ];
}
