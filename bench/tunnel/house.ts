/**
 * The server's side of `npm run bench -- tunnel`, a process of its own: access, fleet, tunnels and HTTP as `start` opens them, and one lease
 * that is granted without the room of leases. Prints one line of JSON when it listens, and another when the lease runs. By SIGUSR2 V8 gives back
 * what nothing uses, and another line says how many bytes the process has then.
 */
import { uptime } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { TandemError, newId, silentLogger, systemClock } from '../../src/base/index.ts';
import { createAccess } from '../../src/access/index.ts';
import { migrate, openDatabase, startEmbeddedPostgres } from '../../src/db/index.ts';
import { createFleet } from '../../src/fleet/index.ts';
import { nothingLeased } from '../../src/fleet/testing/nothing-leased.ts';
import { createServer } from '../../src/http/index.ts';
import { emptyLedger, emptyModels } from '../../src/http/testing/doors.ts';
import { createTunnels } from '../../src/tunnels/index.ts';
import { scratchFolder } from '../support/scratch.ts';

const [host = '127.0.0.1', agentPort = '19971', httpPort = '19972'] = process.argv.slice(2);
const say = (message: object): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
const root = join(import.meta.dirname, '../..');
const home = scratchFolder('bench-tunnel');
const common = { clock: systemClock, log: silentLogger };
const postgres = await startEmbeddedPostgres({ ...common, home, watch: false });
await migrate(postgres.connection, silentLogger);
const database = await openDatabase({ ...common, connection: postgres.connection });
const access = createAccess({ ...common, database, config: { file: {} } });
const { adminKey } = await access.bootstrap();
await access.start();
const fleet = createFleet({ ...common, ...nothingLeased, database, access });
const tunnels = createTunnels({ ...common, audit: access.audit, database, fleet, root, version: '0.0.0', config: { secretFile: join(home, 'secret'), cache: join(home, 'cache'), agentAddress: { host, port: Number(agentPort) }, peerAddress: null } });
await tunnels.start();
fleet.useLink(tunnels.link, tunnels.address);
const leaseId = newId();
let nodeId: string | undefined;
tunnels.useLeases({
  async enter(_principal, id) {
    if (id !== leaseId || nodeId === undefined) throw new TandemError('resource_not_found', { params: { kind: 'lease', id, verb: 'node list' } });
    return { leaseId, nodeId, endsAtMs: Date.now() + 3_600_000 };
  },
  show: async () => ({}), ownerOn: async () => undefined,
  onEnd: () => () => {},
});
const server = await createServer({
  ...common, access, database, ledger: emptyLedger, models: emptyModels, fleet, gateway: tunnels.gateway, screens: tunnels.screens, terminals: tunnels.terminals, recordings: tunnels.recordings, roots: tunnels.roots, version: '0.0.0', doctor: async () => ({ state: 'pass', checks: [] }), consoleFolder: join(home, 'none'),
  config: { host: '127.0.0.1', port: Number(httpPort), publicUrl: null, tlsCert: null, tlsKey: null, trustedProxies: [], maxBodyBytes: 1_048_576, maxFileBytes: 4_194_304 },
});
const { url } = await server.listen();
const stop = tunnels.link.onChange((id, connected) => {
  if (!connected || nodeId !== undefined) return;
  stop();
  nodeId = id;
  void (async () => {
    const { boot } = (await tunnels.link.ask(id, 'lease.list', {})) as { boot: string };
    await tunnels.link.ask(id, 'lease.grant', { lease: leaseId, fence: '1', units: ['whole'], access: 'shell', boot, untilUptimeMs: Math.floor(uptime() * 1_000) + 3_600_000 });
    say({ leaseId });
  })();
});
say({ url, adminKey });
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (how: object) => void;
process.on('SIGUSR2', () => {
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  // Pages are given back to the system a moment later.
  setTimeout(() => say({ residentBytes: process.memoryUsage.rss() }), 2_000);
});
process.once('SIGTERM', () => {
  void (async () => {
    if (nodeId !== undefined) await tunnels.link.ask(nodeId, 'lease.wipe', { lease: leaseId, fence: '1' }).catch(() => {});
    await server.close(0);
    await tunnels.stop();
    await access.stop();
    await database.close();
    await postgres.stop();
    process.exit(0);
  })();
});
