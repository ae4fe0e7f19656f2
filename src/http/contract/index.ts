import { accessRoutes } from './access.ts';
import { contentRoutes } from './content.ts';
import { hookRoutes } from './hooks.ts';
import { leaseRoutes } from './leases.ts';
import { ledgerRoutes } from './ledger.ts';
import { limitRoutes } from './limits.ts';
import { modelRoutes } from './models.ts';
import { nodeRoutes } from './nodes.ts';
import { orderRoutes } from './orders.ts';
import { quotaRoutes } from './quotas.ts';
import { recordingRoutes } from './recordings.ts';
import { rootRoutes } from './roots.ts';
import { servingRoutes } from './serving.ts';
import { sightRoutes } from './sight.ts';
import { systemRoutes } from './system.ts';
import { volumeRoutes } from './volumes.ts';
import { webhookRoutes } from './webhooks.ts';
import { wipeRoutes } from './wipes.ts';

/** Every operation of the control API. */
export const routes = { ...systemRoutes, ...accessRoutes, ...ledgerRoutes, ...limitRoutes, ...webhookRoutes, ...modelRoutes, ...contentRoutes, ...hookRoutes, ...sightRoutes, ...nodeRoutes, ...leaseRoutes, ...orderRoutes, ...wipeRoutes, ...quotaRoutes, ...volumeRoutes, ...servingRoutes, ...recordingRoutes, ...rootRoutes };
export type { RouteContract, RouteAccess } from './route.ts';
