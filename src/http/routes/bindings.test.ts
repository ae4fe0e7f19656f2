import { describe, expect, it } from 'vitest';
import type { Access } from '../../access/index.ts';
import { routes, type RouteContract } from '../contract/index.ts';
import { emptyFleet, emptyGateway, emptyScreens, emptyRecordings, emptyRoots, emptyTerminals, emptyLedger, emptyModels } from '../testing/doors.ts';
import { eventRoutes } from './access/events.ts';
import { keyRoutes } from './access/keys.ts';
import { peopleRoutes } from './access/people.ts';
import { projectRoutes } from './access/projects.ts';
import { signInRoutes } from './access/sign-in.ts';
import { leaseRoutes } from './fleet/leases.ts';
import { nodeRoutes } from './fleet/nodes.ts';
import { orderRoutes } from './fleet/orders.ts';
import { volumeRoutes } from './fleet/volumes.ts';
import { recordingRoutes } from './fleet/recordings.ts';
import { rootRoutes } from './fleet/roots.ts';
import { wipeRoutes } from './fleet/wipes.ts';
import { limitRoutes } from './ledger/limits.ts';
import { moneyRoutes } from './ledger/money.ts';
import { webhookRoutes } from './ledger/webhooks.ts';
import { sightRoutes } from './ledger/sight.ts';
import { contentRoutes } from './models/content.ts';
import { hookRoutes } from './models/hooks.ts';
import { modelRoutes } from './models/models.ts';
import { servingRoutes } from './models/serving.ts';
import { systemRoutes } from './system/system.ts';

describe('the contract', () => {
  const access = {} as Access;
  const bound = [
    ...projectRoutes(access, ''), ...keyRoutes({ access, budgets: emptyLedger.budgets }), ...peopleRoutes(access), ...signInRoutes(access),
    ...eventRoutes(access), ...moneyRoutes(emptyLedger, emptyModels.backends), ...limitRoutes(emptyLedger), ...webhookRoutes(emptyLedger), ...sightRoutes(emptyLedger), ...modelRoutes(emptyModels), ...contentRoutes(emptyModels), ...hookRoutes(emptyModels), ...nodeRoutes(emptyFleet, { gateway: emptyGateway, screens: emptyScreens, terminals: emptyTerminals }), ...leaseRoutes(emptyFleet), ...orderRoutes(emptyFleet), ...wipeRoutes(emptyFleet), ...servingRoutes(emptyModels), ...volumeRoutes(emptyFleet), ...recordingRoutes(emptyRecordings), ...rootRoutes(emptyRoots), ...systemRoutes({ doctor: async () => ({ state: 'pass', checks: [] }), ledger: emptyLedger, version: '' }),
  ].map(({ contract }) => contract.id);

  it('has every operation bound once', () => {
    const operations: RouteContract[] = Object.values(routes);
    expect(bound.toSorted()).toEqual(operations.filter(({ stream }) => !stream).map(({ id }) => id).toSorted());
  });

  it('has one id and one place per operation, and a body exactly where something is sent', () => {
    const operations: RouteContract[] = Object.values(routes);
    expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
    expect(new Set(operations.map(({ method, path }) => `${method} ${path}`)).size).toBe(operations.length);
    for (const { id, method, path, body, params, status, reply, file } of operations) {
      if (method === 'GET' || method === 'DELETE') expect(body, id).toBeUndefined();
      expect([...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]), id).toEqual(Object.keys(params?.shape ?? {}));
      expect(status === 204, id).toBe(reply === undefined && file === undefined);
    }
  });
});
