/**
 * `npm run bench -- tunnel`: SSH and VNC through the tunnel beside direct and beside `ssh -R`, in one run, over one link between two network
 * namespaces: as fast as this machine goes, and shaped to 1 Gbit/s by `tc tbf`. Also what 1,000 agents that do nothing cost the server.
 * Needs root, OpenSSH, bubblewrap, TigerVNC and iproute2. `--megabytes=N`, `--turns=N`, `--trips=N`, `--frames=N`, `--agents=N`, `--unshaped`, `--agents-only`: less of it, to see that it runs.
 * `--cipher=NAME`: of OpenSSH's, for the ways beside the tunnel, which has one of its own choice.
 */
import '../support/host-tools.ts';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { WebSocket, createWebSocketStream } from 'ws';
import { stop } from '../support/processes.ts';
import { scratchFolder } from '../support/scratch.ts';
import { markdown, median, percentile, spread } from '../support/stats.ts';
import { CpuWatch } from './cpu-watch.ts';
import { Viewer, type ScreenWay } from './screens.ts';
import { Link, cpuSeconds, residentBytes, roundTrips, sshdCommand, transfer, type Way } from './ways.ts';

const given = (name: string, otherwise: number): number => Number(process.argv.find((word) => word.startsWith(`--${name}=`))?.split('=')[1] ?? otherwise);
const BYTES = given('megabytes', 500) * 1_000_000;
const TURNS = given('turns', 5);
const ROUND_TRIPS = given('trips', 500);
const FRAMES = given('frames', 20);
const IDLE_AGENTS = given('agents', 1_000);
const CIPHER = process.argv.find((word) => word.startsWith('--cipher='))?.split('=')[1];
const ROOT = join(import.meta.dirname, '../..');
const NODE = [process.execPath, '--disable-warning=ExperimentalWarning'];

const link = new Link(`tdmb${process.pid % 10_000}`);
const running: ChildProcess[] = [];
process.on('exit', () => {
  for (const child of running) child.kill('SIGTERM');
  link.remove();
});
// After the handler above: what writes into it is ended first.
const folder = scratchFolder('bench');
chmodSync(folder, 0o711);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const start = (command: readonly string[], said: 'inherit' | 'ignore' = 'inherit'): ChildProcess => {
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', said] });
  running.push(child);
  return child;
};

// The server, and a node that was made by the pasted line.
const house = start([...NODE, join(import.meta.dirname, 'house.ts'), Link.here, '19971', '19972']);
const lines = createInterface({ input: house.stdout! })[Symbol.asyncIterator]();
const said = async (): Promise<Record<string, string>> => JSON.parse((await lines.next()).value as string) as Record<string, string>;
const { url, adminKey } = (await said()) as { url: string; adminKey: string };
const post = async (path: string, body: object): Promise<Record<string, string>> => (await (await fetch(url + path, { method: 'POST', headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' }, body: JSON.stringify(body) })).json()) as Record<string, string>;
const agentHome = join(folder, 'node');
const added = await post('/api/nodes', { name: 'node' });
const pasted = spawnSync('ip', ['netns', 'exec', link.space, 'sh', '-c', added['line']!], { env: { ...process.env, TANDEM_AGENT_HOME: agentHome, TANDEM_AGENT_DISK: agentHome, TANDEM_AGENT_SERVICE: 'none', TANDEM_AGENT_STAND_IN: '1' }, encoding: 'utf8' });
if (pasted.status !== 0) throw new Error(pasted.stderr);
const agent = start(link.onNode(...NODE, join(agentHome, 'versions/current/src/main.ts'), 'run', '--home', agentHome));
const { leaseId } = await said();

// The three ways.
const key = join(folder, 'key');
spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
start(link.onNode(...sshdCommand(join(folder, 'sshd-node'), 19973, Link.there, `${key}.pub`)));
start(link.onNode(...sshdCommand(join(folder, 'sshd-node-own'), 19974, '127.0.0.1', `${key}.pub`)));
const gatewaySshd = start(sshdCommand(join(folder, 'sshd-gateway'), 19975, Link.here, `${key}.pub`));
await new Promise((resolve) => { setTimeout(resolve, 1_000); });
const plain = ['-F', '/dev/null', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR', '-o', 'IdentitiesOnly=yes', ...(CIPHER === undefined ? [] : ['-c', CIPHER]), '-i', key];
const reverse = start(link.onNode('ssh', ...plain, '-N', '-R', '127.0.0.1:19976:127.0.0.1:19974', '-R', `127.0.0.1:19978:${Link.there}:19977`, '-p', '19975', `root@${Link.here}`));
const userHome = join(folder, 'user');
mkdirSync(userHome);
const userEnv = { ...process.env, HOME: userHome, TANDEM_HOME: join(userHome, '.tandem'), TANDEM_URL: url, TANDEM_KEY: adminKey };
spawnSync(NODE[0]!, [...NODE.slice(1), join(ROOT, 'src/cli/main.ts'), 'ssh', 'config'], { env: userEnv });
Object.assign(process.env, userEnv);
const ways: readonly Way[] = [
  { name: 'ssh, direct', ssh: ['ssh', ...plain, '-p', '19973', `root@${Link.there}`] },
  { name: 'ssh through ssh -R', ssh: ['ssh', ...plain, '-p', '19976', 'root@127.0.0.1'] },
  { name: 'ssh through the tunnel', ssh: ['ssh', '-F', join(userHome, '.ssh/config'), '-o', 'LogLevel=ERROR', `${leaseId}.tandem`] },
];

// The same VNC server as in a lease, for the ways without one.
start(link.onNode('Xtigervnc', `:${7_000 + (process.pid % 1_000)}`, '-rfbport', '19977', '-interface', Link.there, '-SecurityTypes', 'None', '-geometry', '1280x800', '-depth', '24', '-AlwaysShared', '-retro', '-nolisten', 'tcp'), 'ignore');
const dial = async (port: number, host: string): Promise<Duplex> => {
  const socket = connect(port, host).setNoDelay(true);
  await once(socket, 'connect');
  return socket;
};
const screenWays: readonly ScreenWay[] = [
  { name: 'VNC, direct', open: () => dial(19977, Link.there) },
  { name: 'VNC through ssh -R', open: () => dial(19978, '127.0.0.1') },
  { name: 'VNC through the tunnel', open: async () => {
    const { ticket } = await post(`/api/leases/${leaseId}/tickets`, { mode: 'control' });
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/leases/${leaseId}/screen`, ['tandem-screen', `ticket.${ticket}`], { headers: { authorization: `Bearer ${adminKey}` }, perMessageDeflate: false });
    const stream = createWebSocketStream(socket);
    await once(socket, 'open');
    return stream;
  } },
];

/** Pictures of a whole screen, uncompressed, as fast as they come; and how long after a pointer's move the picture comes that shows it. */
async function measureScreens(title: string): Promise<void> {
  const all = new Map(screenWays.map(({ name }) => [name, { rates: [] as number[], moves: [] as number[] }]));
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const way of screenWays) {
      const viewer = await Viewer.look(way);
      await viewer.frame();
      const started = performance.now();
      let bytes = 0;
      for (let frame = 0; frame < FRAMES; frame += 1) bytes += await viewer.frame();
      all.get(way.name)!.rates.push(bytes / 1e3 / (performance.now() - started));
      for (let move = 0; move < ROUND_TRIPS / TURNS; move += 1) all.get(way.name)!.moves.push(await viewer.move(100 + (move % 500), 100 + ((move * 7) % 500)));
      await viewer.close();
    }
  }
  const [direct, byReverse] = screenWays.map(({ name }) => all.get(name)!);
  console.log(`\nScreens, ${title} (1280 × 800, ${FRAMES} whole pictures without compression, median of ${TURNS}; ${ROUND_TRIPS} moves of the pointer)\n`);
  console.log(markdown(['way', 'pictures, MB/s', 'spread', '× ssh -R', '× direct', 'pointer to picture, ms', 'p95'], screenWays.map(({ name }) => {
    const { rates, moves } = all.get(name)!;
    return [name, median(rates).toFixed(0), spread(rates), (median(rates) / median(byReverse!.rates)).toFixed(2), (median(rates) / median(direct!.rates)).toFixed(2), median(moves).toFixed(2), percentile(moves, 0.95).toFixed(2)];
  })));
}

interface Figures {
  readonly down: number[];
  readonly up: number[];
  readonly logins: number[];
  trips: number[];
  /** Seconds of CPU by program. */
  readonly cpu: Readonly<Record<'down' | 'up', Map<string, number>>>;
}

/** What stands between the two ends of a way, and the ends. */
function programOf(pid: number, words: string): string | undefined {
  if (pid === house.pid) return 'server';
  if (pid === agent.pid) return 'agent';
  if (pid === reverse.pid) return 'ssh -R';
  if (/main\.ts carry /.test(words)) return 'carrier';
  if (/main\.ts ssh proxy /.test(words)) return 'proxy';
  if (/main\.ts ssh pass /.test(words)) return 'pass';
  if (words.startsWith('sshd')) return isOf(pid, gatewaySshd.pid!) ? 'sshd of ssh -R' : 'sshd';
  return words.startsWith('ssh ') ? 'ssh' : undefined;
}

function isOf(pid: number, above: number): boolean {
  for (let at = pid; at > 1;) {
    if (at === above) return true;
    at = Number(/^PPid:\s+(\d+)/m.exec(readStatus(at))?.[1] ?? 0);
  }
  return false;
}

function readStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

async function measure(title: string): Promise<void> {
  const all = new Map(ways.map((way) => [way.name, { down: [], up: [], logins: [], trips: [], cpu: { down: new Map(), up: new Map() } } as Figures]));
  // In turn, so that what else this machine does meets all of them.
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const way of ways) {
      const figures = all.get(way.name)!;
      for (const direction of ['down', 'up'] as const) {
        let watch: CpuWatch | undefined;
        const { seconds, loginSeconds } = await transfer(way, BYTES, direction, () => { watch = new CpuWatch(programOf); });
        for (const [program, used] of await watch!.end()) figures.cpu[direction].set(program, (figures.cpu[direction].get(program) ?? 0) + used);
        figures[direction].push(BYTES / 1e6 / seconds);
        figures.logins.push(loginSeconds);
      }
    }
  }
  for (const way of ways) all.get(way.name)!.trips = await roundTrips(way, ROUND_TRIPS);
  const direct = all.get(ways[0]!.name)!;
  const byReverse = all.get(ways[1]!.name)!;
  console.log(`\n${title} (${BYTES / 1e6} MB, median of ${TURNS}, and ${ROUND_TRIPS} round trips of a byte)\n`);
  console.log(markdown(['way', 'from the node, MB/s', 'spread', 'to the node, MB/s', 'spread', '× ssh -R', '× direct', 'round trip, ms', 'p95', 'log-in, s'], ways.map(({ name }) => {
    const { down, up, trips, logins } = all.get(name)!;
    const ratio = (other: Figures): string => `${(median(down) / median(other.down)).toFixed(2)}, ${(median(up) / median(other.up)).toFixed(2)}`;
    return [name, median(down).toFixed(0), spread(down), median(up).toFixed(0), spread(up), ratio(byReverse), ratio(direct), median(trips).toFixed(2), percentile(trips, 0.95).toFixed(2), median(logins).toFixed(2)];
  })));
  const gigabytes = (TURNS * BYTES) / 1e9;
  console.log('\nSeconds of CPU for a GB, by program, log-in left out:\n');
  for (const { name } of ways) {
    const { down, up } = all.get(name)!.cpu;
    for (const [direction, used] of [['from the node', down], ['to the node', up]] as const) {
      const each = [...used].map(([program, seconds]) => [program, seconds / gigabytes] as const).filter(([, seconds]) => seconds >= 0.05);
      console.log(`- ${name}, ${direction}: ${each.map(([program, seconds]) => `${program} ${seconds.toFixed(2)}`).join(', ')}; together ${each.reduce((sum, [, seconds]) => sum + seconds, 0).toFixed(2)}`);
    }
  }
}

if (!process.argv.includes('--agents-only')) {
  await measure('Unshaped');
  await measureScreens('unshaped');
  if (!process.argv.includes('--unshaped')) {
    link.shape('1gbit');
    await measure('Shaped to 1 Gbit/s both ways');
    await measureScreens('shaped to 1 Gbit/s both ways');
  }
}

if (IDLE_AGENTS > 0) await measureIdle();

async function measureIdle(): Promise<void> {
  const collected = async (): Promise<number> => {
    house.kill('SIGUSR2');
    return Number((await said())['residentBytes']);
  };
  const held = await collected();
  const before = residentBytes(house.pid!);
  const idle = start([...NODE, join(import.meta.dirname, 'idle.ts'), String(IDLE_AGENTS), url, adminKey, join(folder, 'idle')]);
  await new Promise<void>((resolve) => { idle.stdout!.once('data', () => resolve()); });
  await new Promise((resolve) => { setTimeout(resolve, 30_000); });
  const cpuIdle = cpuSeconds(house.pid!);
  await new Promise((resolve) => { setTimeout(resolve, 20_000); });
  const cpu = (cpuSeconds(house.pid!) - cpuIdle) / 20;
  const asItIs = residentBytes(house.pid!) - before;
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
  console.log(`\n${IDLE_AGENTS} agents that do nothing cost the server ${megabytes((await collected()) - held)} (${megabytes(held)} without them; limit for 1,000: 200 MB) and ${(cpu * 100).toFixed(1)} % of a core. With what their enrolment left and V8 has not collected yet: ${megabytes(asItIs)}.`);
  await stop(idle);
}

await stop(reverse);
await stop(house);
await stop(agent);
process.exit(0);
