import { join } from 'node:path';
import { machineHash } from '../../agent/src/machine/facts.ts';
import { TandemError, controlHosts, openSecretBox, type Config } from '../base/index.ts';
import { readEgressPolicy } from '../base/egress/index.ts';
import { createAccess, type Access } from '../access/index.ts';
import { migrate, openDatabase, startPeriodic } from '../db/index.ts';
import { Metrics, createServer, watchCalls } from '../http/index.ts';
import { createFleet } from '../fleet/index.ts';
import { createLedger } from '../ledger/index.ts';
import { createModels, type Models } from '../models/index.ts';
import { createTunnels } from '../tunnels/index.ts';
import { VERSION } from './backup-format.ts';
import type { ConsolePages } from './console-build.ts';
import { readCredentials, writeCredentials } from './credentials.ts';
import { createDoctor } from './doctor.ts';
import type { House } from './house.ts';
import type { LocalModel } from './local-model.ts';
import { Mishaps } from './mishaps.ts';
import { periodicTasks } from './tasks.ts';

/** What the block at the end of start tells. */
export interface OpenRooms {
  readonly url: string;
  /** A one-time link to the console; undefined when this home holds no key to make one with. */
  readonly signInUrl: string | undefined;
  readonly consoleProblem: string | undefined;
}

/** How long calls in flight may take at a stop. */
const DRAIN_MS = 15_000;

/** Builds every room in the order of their dependencies, each with its way to stop. */
export async function openRooms(house: House, localModel: LocalModel, pages: ConsolePages): Promise<OpenRooms> {
  const { config, log, clock, phases, connection } = house;
  const mishaps = new Mishaps(process, clock, log);
  phases.add('mishaps', 1_000, () => mishaps.stop());
  await migrate(connection, log);
  const database = await openDatabase({ connection, log, clock });
  phases.add('connections', 10_000, () => database.close());

  const access = createAccess({ database, clock, log, config });
  const first = await access.bootstrap();
  phases.add('access', 10_000, () => access.stop());
  await access.start();

  const operator = () => first.organisationId;
  const ledger = createLedger({
    database, clock, log, home: config.home, strict: config.strict, audit: access.audit, names: access.directory, operator, logLevel: config.logLevel,
    outbound: { secrets: openSecretBox(config.secretFile), policy: readEgressPolicy(config.file['egress']) },
  });
  phases.add('ledger', 60_000, () => ledger.stop());
  // A key with a budget must not make, or become, one without: access asks the ledger about it.
  access.keys.useBudgets(ledger.budgets);
  await ledger.prices.seedDefaults(first.organisationId, access.directory.organisation(first.organisationId)?.currency ?? 'USD');
  await ledger.start();

  const metrics = new Metrics();
  metrics.watchErrors(() => mishaps.report().count);
  const models: Models = createModels({ access, ledger: watchCalls(ledger, metrics, (id) => models.providerName(id)), database, config, log, clock, engine: localModel.engine, operator });
  access.consents.useContributions(models.contributions);
  // Each is stopped also where its start breaks off, since the next try starts it anew.
  phases.add('models', 10_000, () => models.stop());
  await models.start();
  ledger.prices.useOwners((organisationId, name) => organisationId === first.organisationId || models.isOwn(organisationId, name));
  models.useConfigRooms({ projects: access.projects, keys: access.keys, prices: ledger.prices, budgets: ledger.budgets, limits: ledger.limits });
  ledger.sight.useBackendNames((id) => models.backendName(id));
  ledger.sight.useMachineShares((...asked) => models.machineShare(...asked));
  const fleet = createFleet({ secrets: openSecretBox(config.secretFile), database, clock, log, access, ledger, operator, config, env: process.env, version: VERSION, controlHosts: controlHosts(config), ownMachine: machineHash() });
  phases.add('providers', 10_000, () => fleet.providers.close());
  const tunnels = createTunnels({ audit: access.audit, database, clock, log, config, fleet, root: join(import.meta.dirname, '../..'), version: VERSION });
  phases.add('tunnels', 10_000, () => tunnels.stop());
  await tunnels.start();
  fleet.useLink(tunnels.link, tunnels.address);
  fleet.useRankLines(tunnels.ranks);
  fleet.useSigner(tunnels.wipeKeys);
  tunnels.useLeases(fleet.leases);
  await models.useFleet({
    fleet: { leases: fleet.leases, link: tunnels.link }, calls: (...asked) => ledger.callsOnBackends(...asked), noteCosts: (...told) => ledger.sight.noteMachineCosts(...told),
    files: { root: join(import.meta.dirname, '../..'), cache: config.cache, home: config.home, localModel: config.localModel },
  });
  ledger.prices.useNames(async (organisationId) => {
    const machines = await fleet.leasedBy(organisationId);
    return (name) => ({ machine: machines.has(name), model: models.isName(organisationId, name) });
  });
  access.projects.useHolds(async (...asked) => [...(await fleet.projectHolds(...asked)), ...(await models.servings.holds(...asked))]);
  const tasks = startPeriodic(periodicTasks(ledger, models, fleet, tunnels), { database, clock, log });
  phases.add('periodic work', 10_000, () => tasks.stop());

  const server = await createServer({
    access, ledger, models, fleet, gateway: tunnels.gateway, screens: tunnels.screens, terminals: tunnels.terminals, recordings: tunnels.recordings, roots: tunnels.roots, metrics, database, config, log, clock, version: VERSION, consoleFolder: pages.folder ?? join(config.cache, 'console', 'none'),
    queue: () => localModel.engine?.state().queue ?? { waiting: 0, running: 0 },
    doctor: createDoctor({
      config, database, databaseKind: house.database, mishaps: () => mishaps.report(), ledger, localModel, consolePages: pages,
      backends: () => models.health().filter(({ kind }) => kind !== 'local').map(({ name, health }) => ({ name, state: health.state, reason: health.reason })),
    }),
  });
  phases.add('http', DRAIN_MS + 5_000, async () => {
    ledger.stopAdmitting();
    await server.close(DRAIN_MS);
  });
  const { url, port } = await server.listen();
  // A first start that was killed before it wrote the key down has made one that nobody knows: make another.
  const lost = first.adminKey === null && readCredentials(config.home) === undefined;
  keepCredentials(config, url, lost ? (await access.newAdminKey(first.organisationId)).adminKey : first.adminKey);
  await proveHealthy(config, port);
  return { url, signInUrl: await signInUrl(config, access, url), consoleProblem: pages.problem };
}

/** The admin key is shown to this machine's user once, in a file of theirs; the address is kept up to date. */
function keepCredentials({ home }: Config, url: string, adminKey: string | null): void {
  const saved = readCredentials(home);
  const key = adminKey ?? saved?.key;
  if (key !== undefined && (saved?.url !== url || saved.key !== key)) writeCredentials(home, { url, key });
}

async function signInUrl({ home }: Config, access: Access, url: string): Promise<string | undefined> {
  const saved = readCredentials(home);
  if (!saved) return undefined;
  try {
    const { token } = await access.sessions.linkFor(access.directory.verify(saved.key));
    return `${url}/login#token=${token}`;
  } catch (error) {
    // The key of the file was revoked or belongs to a viewer: the console's own sign-in page serves.
    if (error instanceof TandemError) return undefined;
    throw error;
  }
}

/** The block is printed only once the address answers as everybody else will see it. */
async function proveHealthy({ host, tlsCert }: Config, port: number): Promise<void> {
  const address = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  const get = tlsCert === null ? (await import('node:http')).get : (await import('node:https')).get;
  const status = await new Promise<number | undefined>((resolve, reject) => {
    // The certificate names the public address, which this machine may not be able to reach: only the answer counts here.
    get({ host: address, port, path: '/healthz', rejectUnauthorized: false, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', reject);
  });
  if (status !== 200) throw new TandemError('internal', { params: { requestId: 'start' }, detail: `/healthz answers ${status}` });
}
