import { accessRoutes } from './access.ts';
import { ledgerRoutes } from './ledger.ts';
import { modelRoutes } from './models.ts';
import { systemRoutes } from './system.ts';

/** Every operation of the control API. */
export const routes = { ...systemRoutes, ...accessRoutes, ...ledgerRoutes, ...modelRoutes };
export type { RouteContract, RouteAccess } from './route.ts';
