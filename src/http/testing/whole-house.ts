import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TandemError, newId, openSecretBox, silentLogger, systemClock } from '../../base/index.ts';
import { openTestAccess, type TestAccess } from '../../access/testing.ts';
import { createFleet, type Fleet, type NodeLink } from '../../fleet/index.ts';
import { createLedger, type Ledger } from '../../ledger/index.ts';
import { createModels, type Models } from '../../models/index.ts';
import { FakeEngine } from '../../models/local/fake-engine.ts';
import { Authorities, Recordings, Roots } from '../../tunnels/index.ts';
import type { GatewayDoor } from '../faces.ts';
import { emptyGateway, emptyScreens, emptyTerminals } from './doors.ts';
import { createServer } from '../create-server.ts';
import { Metrics } from '../metrics/metrics.ts';
import { watchCalls } from '../metrics/watch-calls.ts';
import { asking, type Asked } from './asking.ts';

export interface WholeHouse {
  readonly url: string;
  readonly access: TestAccess['access'];
  readonly ledger: Ledger;
  readonly models: Models;
  /** Without a connection to nodes. */
  readonly fleet: Fleet;
  /** For rows that no route makes without machines. */
  readonly database: TestAccess['database'];
  readonly operator: { readonly organisationId: string; readonly projectId: string; readonly adminKey: string };
  as(key: string): (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Asked>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Every room as `start` opens it, over a real database and a real log; only the model behind the engine is a fake.
 * @param options `file`: the operator's file, with backends that the test plays itself.
 */
export async function openWholeHouse({ file = {}, gateway = emptyGateway }: { file?: Record<string, unknown>; gateway?: GatewayDoor } = {}): Promise<WholeHouse> {
  const home = mkdtempSync(join(tmpdir(), 'tandem-http-'));
  const test = await openTestAccess();
  const { access, database, organisationId } = test;
  const common = { database, clock: systemClock, log: silentLogger };
  const ledger = createLedger({ ...common, home, strict: false, audit: access.audit, names: access.directory, operator: () => organisationId, logLevel: 'silent', outbound: { secrets: openSecretBox(join(home, 'secret')), policy: { open: [] } } });
  await ledger.prices.seedDefaults(organisationId, 'USD');
  await ledger.start();
  access.keys.useBudgets(ledger.budgets);
  const engine = new FakeEngine();
  await engine.start();
  const metrics = new Metrics();
  const models = createModels({
    ...common, access, ledger: watchCalls(ledger, metrics), engine, operator: () => organisationId, env: {},
    config: { file, configFile: join(home, 'config.json'), secretFile: join(home, 'secret'), localModel: 'default' },
  });
  access.consents.useContributions(models.contributions);
  await models.start();
  models.useConfigRooms({ projects: access.projects, keys: access.keys, prices: ledger.prices, budgets: ledger.budgets, limits: ledger.limits });
  ledger.sight.useBackendNames((id) => models.backendName(id));
  ledger.sight.useMachineShares((...asked) => models.machineShare(...asked));
  const fleet = createFleet({ secrets: openSecretBox(join(home, 'secret')), ...common, access, ledger, operator: () => organisationId });
  fleet.useLink(noLink, { host: 'tandem.example.com', port: 4601, pin: 'cGlu' });
  await models.useFleet({ fleet: { leases: fleet.leases, link: noLink }, calls: (...asked) => ledger.callsOnBackends(...asked), noteCosts: (...told) => ledger.sight.noteMachineCosts(...told), files: { root: join(import.meta.dirname, '../../..'), cache: join(home, 'cache'), home, localModel: 'off' } });
  const recordings = new Recordings({ ...common, link: noLink, secrets: openSecretBox(join(home, 'secret')), audit: access.audit });
  recordings.useLeases(fleet.leases);
  const authorities = new Authorities({ database, secrets: openSecretBox(join(home, 'secret')), clock: systemClock, newId });
  await authorities.start();
  const server = await createServer({
    ...common, access, ledger, models, fleet, gateway, screens: emptyScreens, terminals: emptyTerminals, recordings, roots: new Roots({ database, audit: access.audit, authorities, nowMs: () => systemClock.nowMs() }), metrics, version: '0.0.0', consoleFolder: join(home, 'no-console'), checkReplies: true,
    doctor: async () => ({ state: 'pass', checks: [] }), queue: () => engine.state().queue,
    config: { host: '127.0.0.1', port: 0, publicUrl: null, tlsCert: null, tlsKey: null, trustedProxies: [], maxBodyBytes: 1_048_576, maxFileBytes: 4_194_304 },
  });
  const { url } = await server.listen();
  return {
    url, access, ledger, models, fleet, database, operator: { organisationId, projectId: test.projectId, adminKey: test.adminKey },
    as: (key) => asking(url, key),
    async [Symbol.asyncDispose]() {
      await server.close(0);
      await models.stop();
      await engine.stop();
      await ledger.stop();
      await test.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** No node is connected. */
const noLink: NodeLink = {
  isConnected: () => false,
  ask: async () => { throw new TandemError('node_unreachable', { params: { name: 'x' } }); },
  open: async () => { throw new TandemError('node_unreachable', { params: { name: 'x' } }); },
  onChange: () => () => {},
};
