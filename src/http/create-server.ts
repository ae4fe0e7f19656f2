import type { Access } from '../access/index.ts';
import type { Clock, Config, Logger } from '../base/index.ts';
import type { Database } from '../db/index.ts';
import { assemble, type HttpServer } from './assemble.ts';
import type { Doctor, FleetDoor, GatewayDoor, RecordingsDoor, RootsDoor, ScreensDoor, TerminalsDoor, LedgerDoor, ModelsDoor } from './faces.ts';
import type { Limits } from './listen/limits.ts';
import { watchChanges } from './live/changes.ts';
import type { Metrics } from './metrics/metrics.ts';
import { eventRoutes } from './routes/access/events.ts';
import { keyRoutes } from './routes/access/keys.ts';
import { registerOidc } from './routes/access/oidc.ts';
import { peopleRoutes } from './routes/access/people.ts';
import { projectRoutes } from './routes/access/projects.ts';
import { signInRoutes } from './routes/access/sign-in.ts';
import { leaseRoutes } from './routes/fleet/leases.ts';
import { nodeRoutes } from './routes/fleet/nodes.ts';
import { orderRoutes } from './routes/fleet/orders.ts';
import { volumeRoutes } from './routes/fleet/volumes.ts';
import { wipeRoutes } from './routes/fleet/wipes.ts';
import { recordingRoutes } from './routes/fleet/recordings.ts';
import { rootRoutes } from './routes/fleet/roots.ts';
import { limitRoutes } from './routes/ledger/limits.ts';
import { moneyRoutes } from './routes/ledger/money.ts';
import { webhookRoutes } from './routes/ledger/webhooks.ts';
import { sightRoutes } from './routes/ledger/sight.ts';
import { contentRoutes } from './routes/models/content.ts';
import { hookRoutes } from './routes/models/hooks.ts';
import { modelRoutes } from './routes/models/models.ts';
import { servingRoutes } from './routes/models/serving.ts';
import { systemRoutes } from './routes/system/system.ts';

export interface ServerOptions {
  readonly access: Access;
  readonly ledger: LedgerDoor;
  readonly models: ModelsDoor;
  readonly fleet: FleetDoor;
  readonly gateway: GatewayDoor;
  readonly screens: ScreensDoor;
  readonly terminals: TerminalsDoor;
  readonly recordings: RecordingsDoor;
  readonly roots: RootsDoor;
  readonly database: Database;
  readonly config: Pick<Config, 'host' | 'port' | 'publicUrl' | 'tlsCert' | 'tlsKey' | 'trustedProxies' | 'maxBodyBytes' | 'maxFileBytes'>;
  readonly log: Logger;
  readonly clock: Clock;
  readonly doctor: Doctor;
  /** The console's built files; nothing is served for it when there are none. */
  readonly consoleFolder: string;
  readonly version: string;
  /** Given when the calls of `models` are counted in it (`watchCalls`). */
  readonly metrics?: Metrics;
  /** Calls that wait for the local engine and that it works on. */
  readonly queue?: () => { readonly waiting: number; readonly running: number };
  readonly limits?: Partial<Limits>;
  /** Tests set it: a reply that does not fit the contract is then an error. */
  readonly checkReplies?: boolean;
}

/** Contact with Postgres older than this means: keys cannot be checked, so calls are refused. */
const STALE_MS = 5_000;

/** The three surfaces' one server: model API, control API and console over the rooms given. */
export async function createServer(options: ServerOptions): Promise<HttpServer> {
  const { access, ledger, models, fleet, gateway, screens, terminals, database, config, log, clock, doctor, version } = options;
  const server = await assemble({
    host: config.host, port: config.port, publicOrigin: config.publicUrl, trustedProxies: config.trustedProxies, maxBodyBytes: config.maxBodyBytes, maxFileBytes: config.maxFileBytes,
    tls: config.tlsCert !== null && config.tlsKey !== null ? { cert: config.tlsCert, key: config.tlsKey } : null,
    consoleFolder: options.consoleFolder, clock, log, models, gateway, screens, terminals,
    ...(options.metrics ? { metrics: options.metrics } : {}),
    ...(options.limits ? { limits: options.limits } : {}),
    checkReplies: options.checkReplies ?? false,
    credentials: {
      verifyKey: (presented) => access.directory.verify(presented),
      // What a session may change is guarded before this, by header and origin together.
      verifySession: (token) => access.sessions.verify(token, '1', false),
    },
    recheck: (principal) => access.sessions.recheck(principal),
    onMiss: (principal, contract, id) => void access.noteRefusal(principal, { action: `${contract.id}.refuse`, resourceKind: contract.id.split('.')[0]!, resourceId: id, change: {} }),
    browserRoutes: (app, parts) => registerOidc(app, { access, ...parts }),
    bindings: [
      ...projectRoutes(access, version), ...keyRoutes({ access, budgets: ledger.budgets }), ...peopleRoutes(access), ...signInRoutes(access), ...eventRoutes(access),
      ...moneyRoutes(ledger, models.backends), ...limitRoutes(ledger), ...webhookRoutes(ledger), ...sightRoutes(ledger), ...modelRoutes(models), ...contentRoutes(models), ...hookRoutes(models), ...nodeRoutes(fleet, { gateway, screens, terminals }), ...leaseRoutes(fleet), ...orderRoutes(fleet), ...wipeRoutes(fleet), ...servingRoutes(models), ...volumeRoutes(fleet), ...recordingRoutes(options.recordings), ...rootRoutes(options.roots), ...systemRoutes({ doctor, ledger, version }),
    ],
    readiness: () => {
      const staleMs = database.staleForMs();
      return [
        { name: 'database', problem: staleMs > STALE_MS ? `no contact for ${Math.round(staleMs / 1_000)} s` : undefined },
        { name: 'ledger', problem: ledger.status().refusing ?? undefined },
      ];
    },
    onCallError: (call) => ledger.sight.noteError(call),
    metricsSource: {
      routes: () => options.models.routeFigures(), notKept: () => options.models.contributions.losses.all,
      ledger: () => ledger.status(),
      queue: options.queue ?? (() => ({ waiting: 0, running: 0 })),
      database: () => ({ staleForMs: database.staleForMs() }),
    },
  });
  const unwatch = await watchChanges({ access, database, live: server.live });
  return {
    ...server,
    async close(drainMs) {
      await unwatch();
      return server.close(drainMs);
    },
  };
}
