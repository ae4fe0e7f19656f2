import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock, type Clock } from '../../base/index.ts';
import { openTestAccess, type TestAccess } from '../../access/testing.ts';
import { createFleet, type Fleet, type NodeView } from '../../fleet/index.ts';
import { nothingLeased } from '../../fleet/testing/nothing-leased.ts';
import { createTunnels, type Tunnels } from '../index.ts';

const ROOT = join(import.meta.dirname, '../../..');

export interface AgentsHouse extends TestAccess {
  readonly fleet: Fleet;
  readonly tunnels: Tunnels;
  /** The server starts again at the same address, with another release of the agent. */
  restart(agentFolder: string): Promise<void>;
  /** A folder of this test's own. */
  readonly folder: string;
  /** Another process on the same database and secret, as far as tunnels can tell. */
  secondTunnels(agentFolder?: string): Promise<Tunnels>;
  /** Runs a pasted line on a stand-in host: a folder of this machine, without a service manager. */
  paste(line: string, home: string): Promise<{ readonly code: number; readonly output: string }>;
  /** The agent as a process of its own. @param env more of its environment. */
  startAgent(home: string, env?: Readonly<Record<string, string>>): AgentProcess;
  /** Resolves when the first node looks as told. */
  until(what: string, holds: (node: NodeView) => boolean, id?: string): Promise<NodeView>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface AgentProcess {
  readonly child: ChildProcess;
  log(): string;
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/** Access, fleet and tunnels over a real database, and a listener on a free port of the loopback. */
export async function openAgentsHouse({ agentFolder = join(ROOT, 'agent'), host = '127.0.0.1', clock = systemClock }: { agentFolder?: string; /** Where the agents' listener is. */ host?: string; /** Of server and fleet. */ clock?: Clock } = {}): Promise<AgentsHouse> {
  const test = await openTestAccess();
  const { access, database } = test;
  const folder = mkdtempSync(join(tmpdir(), 'tandem-agents-'));
  // A lease's user goes through it to its own folder.
  chmodSync(folder, 0o711);
  const fleet = createFleet({ database, clock, log: silentLogger, access, ...nothingLeased });
  const make = (agent = agentFolder, port = 0): Tunnels => createTunnels({
    agentFolder: agent, audit: access.audit,
    database, clock, log: silentLogger, fleet, root: ROOT, version: '0.0.0', config: { secretFile: join(folder, 'secret'), cache: join(folder, 'cache'), agentAddress: { host, port }, peerAddress: null },
  });
  let tunnels = make();
  const more: Tunnels[] = [];
  await tunnels.start();
  fleet.useLink(tunnels.link, tunnels.address);
  const agents: AgentProcess[] = [];
  return {
    ...test, fleet, folder,
    get tunnels() {
      return tunnels;
    },
    async restart(agent) {
      const { port } = tunnels.address!;
      await tunnels.stop();
      tunnels = make(agent, port);
      await tunnels.start();
      fleet.useLink(tunnels.link, tunnels.address);
    },
    async secondTunnels(agent) {
      const other = make(agent);
      more.push(other);
      await other.start();
      return other;
    },
    paste: (line, home) => new Promise((resolve) => {
      keepNode(home);
      const child = spawn('sh', ['-c', line], { env: { ...process.env, TANDEM_AGENT_HOME: home, TANDEM_AGENT_SERVICE: 'none', TANDEM_AGENT_STAND_IN: '1' }, stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { output += chunk.toString(); });
      child.on('close', (code) => resolve({ code: code ?? -1, output }));
    }),
    startAgent(home, env) {
      // As install.sh leaves it: what the agent makes is for nobody else unless it says so.
      const child = spawn('sh', ['-c', 'umask 077; exec "$@"', 'sh', process.execPath, '--disable-warning=ExperimentalWarning', join(ROOT, 'agent/src/main.ts'), 'run', '--home', home], { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, TANDEM_AGENT_DISK: home, ...env } });
      let log = '';
      child.stderr!.on('data', (chunk: Buffer) => { log += chunk.toString(); });
      const closed = new Promise<void>((resolve) => { child.once('close', () => resolve()); });
      const agent: AgentProcess = {
        child, log: () => log,
        kill(signal = 'SIGKILL') {
          child.kill(signal);
          return closed;
        },
      };
      agents.push(agent);
      return agent;
    },
    async until(what, holds, id) {
      for (let tries = 0; ; tries += 1) {
        const { items } = await fleet.nodes.list(test.admin);
        const node = id === undefined ? items[0] : items.find((one) => one.id === id);
        if (node !== undefined && holds(node)) return node;
        if (tries === 400) throw new Error(`no node is ${what}: ${JSON.stringify(node)}\n${agents.map((agent) => agent.log()).join('\n')}`);
        await new Promise((resolve) => { setTimeout(resolve, 50); });
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(agents.map((agent) => agent.kill()));
      for (const one of [...more, tunnels]) await one.stop();
      await test.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A machine that has had an agent before holds Node already: 120 MB less to fetch in each test but the first of all. */
export function keepNode(home: string): void {
  ownHash ??= createHash('sha256').update(readFileSync(process.execPath)).digest('hex');
  mkdirSync(join(home, 'node'), { recursive: true });
  const kept = join(home, 'node', ownHash);
  if (!existsSync(kept)) linkSync(process.execPath, kept);
}

let ownHash: string | undefined;
