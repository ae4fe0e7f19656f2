import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { TandemError, newId, silentLogger, systemClock } from '../../base/index.ts';
import { createServer } from '../../http/index.ts';
import { emptyLedger, emptyModels } from '../../http/testing/doors.ts';
import type { LeaseDoor } from '../ports.ts';
import { openAgentsHouse, type AgentProcess, type AgentsHouse } from './agents-house.ts';

/** A stand-in for the room that has leases: one lease, which the test grants and ends itself. */
export class OneLease implements LeaseDoor {
  leaseId = newId();
  nodeId = '';
  endsAtMs = Date.now() + 600_000;
  record = false;
  name = 'Train, the 2nd';
  organisationId = '';
  readonly #listeners = new Set<(leaseId: string) => void>();

  async enter(_principal: unknown, leaseId: string) {
    if (leaseId !== this.leaseId || this.endsAtMs <= Date.now()) throw new TandemError('resource_not_found', { params: { kind: 'lease', id: leaseId, verb: 'node list' } });
    return { leaseId, nodeId: this.nodeId, endsAtMs: this.endsAtMs, record: this.record };
  }

  async show(_principal: unknown, leaseId: string) {
    if (leaseId !== this.leaseId) throw new TandemError('resource_not_found', { params: { kind: 'lease', id: leaseId, verb: 'leases' } });
    return {};
  }

  async ownerOn(nodeId: string, leaseId: string) {
    return nodeId === this.nodeId && leaseId === this.leaseId ? this.organisationId : undefined;
  }

  /** Of what the lists of a real room hold: the one that is asked for by its name. */
  async list(_principal: unknown, { called }: { readonly called?: string | undefined }) {
    const at = new Date(this.endsAtMs).toISOString();
    const items = called === this.name || called?.toLowerCase() === 'train-the-2nd' ? [{
      id: this.leaseId, name: this.name, projectId: this.leaseId, askedBy: 'a test', access: 'shell' as const, state: 'running' as const, reason: null, wait: null, pool: 'default', resource: 'mac/stand-in', count: 1, leastDay: false, machines: [],
      startsAt: null, startedAt: at, endsAt: at, paidUntil: at, stoppedAt: null, endedAt: null, createdAt: at, minutes: { asked: 60, paid: 1, outOfReach: 0 }, cost: { currency: 'USD', soFar: '0', booked: '0', atEnd: '0', thisMonth: '0', atMost: null },
      moneyShort: false, record: this.record, volumeId: null, job: null,
    }] : [];
    return { items, nextCursor: null };
  }

  onEnd(listener: (leaseId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  end(): void {
    this.endsAtMs = 0;
    for (const listener of this.#listeners) listener(this.leaseId);
  }
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A server, one node with its agent, one lease that runs there, and a person who has our command line and OpenSSH's client. */
export interface LeaseHouse extends AsyncDisposable {
  readonly house: AgentsHouse;
  readonly lease: OneLease;
  readonly agent: Pick<AgentProcess, 'kill'>;
  /** The agent's home. */
  readonly home: string;
  /** The tenant's own folder, as the machine has it. */
  readonly files: string;
  /** The person's. */
  readonly env: NodeJS.ProcessEnv;
  /** Grants the lease, from now. */
  grant(forMs: number): Promise<unknown>;
  run(program: string, args: readonly string[], input?: string): Promise<Ran>;
  tandem(...args: string[]): Promise<Ran>;
  /** OpenSSH's client with our configuration. */
  ssh(...args: string[]): Promise<Ran>;
  startSsh(...args: string[]): ChildProcess;
}

export interface LeaseHouseOptions {
  readonly agentFolder?: string;
  /** Starts the agent in its home; default: a process of it. */
  readonly start?: (home: string, house: AgentsHouse) => Pick<AgentProcess, 'kill'>;
}

export async function openLeaseHouse({ start = (home, house) => house.startAgent(home), ...options }: LeaseHouseOptions = {}): Promise<LeaseHouse> {
  const house = await openAgentsHouse(options);
  const lease = new OneLease();
  lease.organisationId = house.organisationId;
  house.tunnels.useLeases(lease);
  const home = join(house.folder, 'node');
  const pasted = await house.paste((await house.fleet.enrolments.create(house.admin, { pool: 'default', name: 'mac-1' })).line, home);
  if (pasted.code !== 0) throw new Error(pasted.output);
  const agent = start(home, house);
  lease.nodeId = (await house.until('ready', ({ state }) => state === 'ready')).id;
  const server = await createServer({
    access: house.access, database: house.database, ledger: emptyLedger, models: emptyModels, fleet: Object.create(house.fleet, { leases: { value: lease } }) as typeof house.fleet, gateway: house.tunnels.gateway, screens: house.tunnels.screens, terminals: house.tunnels.terminals, recordings: house.tunnels.recordings, roots: house.tunnels.roots, log: silentLogger, clock: systemClock, version: '0.0.0',
    doctor: async () => ({ state: 'pass', checks: [] }), consoleFolder: join(house.folder, 'none'), checkReplies: true,
    config: { host: '127.0.0.1', port: 0, publicUrl: null, tlsCert: null, tlsKey: null, trustedProxies: [], maxBodyBytes: 1_048_576, maxFileBytes: 4_194_304 },
  });
  const { url } = await server.listen();
  const user = join(house.folder, 'user');
  mkdirSync(user);
  const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'], HOME: user, TANDEM_HOME: join(user, '.tandem'), TANDEM_URL: url, TANDEM_KEY: house.adminKey };
  const run = (program: string, args: readonly string[], input = ''): Promise<Ran> => new Promise((resolve) => {
    const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    const said = { out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => { said.out += chunk.toString(); });
    child.stderr.on('data', (chunk: Buffer) => { said.err += chunk.toString(); });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    child.on('close', (code) => resolve({ code: code ?? -1, ...said }));
  });
  const tandem = (...args: string[]): Promise<Ran> => run(process.execPath, ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, '../../cli/main.ts'), ...args]);
  const sshArgs = ['-F', join(user, '.ssh/config'), '-o', 'BatchMode=yes'];
  const grant = async (forMs: number): Promise<unknown> => {
    const { boot } = (await house.tunnels.link.ask(lease.nodeId, 'lease.list', {})) as { boot: string };
    return house.tunnels.link.ask(lease.nodeId, 'lease.grant', { lease: lease.leaseId, fence: '1', units: ['whole'], access: 'shell', untilUptimeMs: Math.floor(uptime() * 1_000 + forMs), boot });
  };
  await grant(600_000);
  const configured = await tandem('ssh', 'config');
  if (configured.code !== 0) throw new Error(configured.err);
  return {
    house, lease, agent, home, env, grant, run, tandem, files: join(home, 'leases', lease.leaseId, 'files'),
    ssh: (...args) => run('ssh', [...sshArgs, ...args]),
    startSsh: (...args) => spawn('ssh', [...sshArgs, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] }),
    async [Symbol.asyncDispose]() {
      await house.tunnels.link.ask(lease.nodeId, 'lease.wipe', { lease: lease.leaseId, fence: '1' }).catch(() => {});
      await server.close(0);
      await house[Symbol.asyncDispose]();
    },
  };
}
