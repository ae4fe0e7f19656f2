/**
 * `npm run bench -- tunnel`: SSH through the tunnel beside direct `ssh` and beside `ssh -R`, in one run, over one link between two network
 * namespaces: as fast as this machine goes, and shaped to 1 Gbit/s by `tc tbf`. Also what 1,000 agents that do nothing cost the server.
 * Needs root, OpenSSH, bubblewrap and iproute2. `--megabytes=N`, `--turns=N`, `--trips=N`, `--agents=N`: less of it, to see that it runs.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stop } from '../support/processes.ts';
import { markdown, median, percentile, spread } from '../support/stats.ts';
import { requireTools } from '../support/tools.ts';
import { Link, cpuSeconds, residentBytes, roundTrips, sshdCommand, transfer, type Way } from './ways.ts';

const given = (name: string, otherwise: number): number => Number(process.argv.find((word) => word.startsWith(`--${name}=`))?.split('=')[1] ?? otherwise);
const BYTES = given('megabytes', 500) * 1_000_000;
const TURNS = given('turns', 5);
const ROUND_TRIPS = given('trips', 500);
const IDLE_AGENTS = given('agents', 1_000);
const ROOT = join(import.meta.dirname, '../..');
const NODE = [process.execPath, '--disable-warning=ExperimentalWarning'];

requireTools(['ssh', 'ssh-keygen', 'bwrap', 'ip', 'tc', 'curl']);
const folder = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
chmodSync(folder, 0o711);
const link = new Link(`tdmb${process.pid % 10_000}`);
const running: ChildProcess[] = [];
process.on('exit', () => {
  for (const child of running) child.kill('SIGTERM');
  link.remove();
  rmSync(folder, { recursive: true, force: true });
});
const start = (command: readonly string[], env: NodeJS.ProcessEnv = process.env): ChildProcess => {
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'], env });
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
const pasted = spawnSync('ip', ['netns', 'exec', link.space, 'sh', '-c', added['line']!], { env: { ...process.env, TANDEM_AGENT_HOME: agentHome, TANDEM_AGENT_SERVICE: 'none', TANDEM_AGENT_STAND_IN: '1' }, encoding: 'utf8' });
if (pasted.status !== 0) throw new Error(pasted.stderr);
const agent = start(link.onNode(...NODE, join(agentHome, 'versions/current/src/main.ts'), 'run', '--home', agentHome));
const { leaseId } = await said();

// The three ways.
const key = join(folder, 'key');
spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
start(link.onNode(...sshdCommand(join(folder, 'sshd-node'), 19973, Link.there, `${key}.pub`)));
start(link.onNode(...sshdCommand(join(folder, 'sshd-node-own'), 19974, '127.0.0.1', `${key}.pub`)));
start(sshdCommand(join(folder, 'sshd-gateway'), 19975, Link.here, `${key}.pub`));
await new Promise((resolve) => { setTimeout(resolve, 1_000); });
const plain = ['-F', '/dev/null', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR', '-o', 'IdentitiesOnly=yes', '-i', key];
const reverse = start(link.onNode('ssh', ...plain, '-N', '-R', '127.0.0.1:19976:127.0.0.1:19974', '-p', '19975', `root@${Link.here}`));
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

interface Figures {
  readonly down: number[];
  readonly up: number[];
  trips: number[];
}

async function measure(title: string): Promise<Map<string, Figures>> {
  const all = new Map(ways.map((way) => [way.name, { down: [], up: [], trips: [] } as Figures]));
  // In turn, so that what else this machine does meets all of them.
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const way of ways) {
      for (const direction of ['down', 'up'] as const) all.get(way.name)![direction].push(BYTES / 1e6 / (await transfer(way, BYTES, direction)));
    }
  }
  for (const way of ways) all.get(way.name)!.trips = await roundTrips(way, ROUND_TRIPS);
  const direct = all.get(ways[0]!.name)!;
  const byReverse = all.get(ways[1]!.name)!;
  console.log(`\n${title} (${BYTES / 1e6} MB, median of ${TURNS}, and ${ROUND_TRIPS} round trips of a byte)\n`);
  console.log(markdown(['way', 'from the node, MB/s', 'spread', 'to the node, MB/s', 'spread', '× ssh -R', '× direct', 'round trip, ms', 'p95'], ways.map(({ name }) => {
    const { down, up, trips } = all.get(name)!;
    const ratio = (other: Figures): string => `${(median(down) / median(other.down)).toFixed(2)}, ${(median(up) / median(other.up)).toFixed(2)}`;
    return [name, median(down).toFixed(0), spread(down), median(up).toFixed(0), spread(up), ratio(byReverse), ratio(direct), median(trips).toFixed(2), percentile(trips, 0.95).toFixed(2)];
  })));
  return all;
}

const cpuBefore = cpuSeconds(house.pid!) + cpuSeconds(agent.pid!);
await measure('Unshaped');
const gigabytes = (2 * TURNS * BYTES) / 1e9;
console.log(`\nThe tunnel's server and agent together: ${((cpuSeconds(house.pid!) + cpuSeconds(agent.pid!) - cpuBefore) / gigabytes).toFixed(2)} s of CPU per GB.`);
link.shape('1gbit');
await measure('Shaped to 1 Gbit/s both ways');

const before = residentBytes(house.pid!);
const idle = start([...NODE, join(import.meta.dirname, 'idle.ts'), String(IDLE_AGENTS), url, adminKey, join(folder, 'idle')]);
await new Promise<void>((resolve) => { idle.stdout!.once('data', () => resolve()); });
await new Promise((resolve) => { setTimeout(resolve, 30_000); });
const cpuIdle = cpuSeconds(house.pid!);
await new Promise((resolve) => { setTimeout(resolve, 20_000); });
const cost = (residentBytes(house.pid!) - before) / 1e6;
console.log(`\n${IDLE_AGENTS} agents that do nothing cost the server ${cost.toFixed(0)} MB (${before / 1e6 | 0} MB before; limit for 1,000: 200 MB) and ${(((cpuSeconds(house.pid!) - cpuIdle) / 20) * 100).toFixed(1)} % of a core.`);

await stop(idle);
await stop(reverse);
await stop(house);
await stop(agent);
process.exit(0);
