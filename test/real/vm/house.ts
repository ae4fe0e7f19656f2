import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentReleases } from '../../../src/tunnels/testing/agent-release.ts';
import { api } from '../../acceptance/support/api.ts';
import { CHECKOUT, freePort, freshCheckout, freshFolder, startProgram, type Program } from '../../acceptance/support/program.ts';
import { debianImage } from './image.ts';
import { UmlMachine, type Ran } from './machine.ts';

/** Several times what a busy machine needs. */
const UNTIL_MS = 180_000;

export interface NodeSeen {
  readonly id: string;
  readonly state: string;
  readonly connected: boolean;
  readonly agentVersion: string;
  readonly standIn: boolean;
  readonly inventory: Readonly<Record<string, unknown>>;
}

export interface LeaseSeen {
  readonly id: string;
  readonly state: string;
  readonly reason: string | null;
  readonly minutes: { readonly paid: number; readonly outOfReach: number };
  readonly job: { readonly state: string; readonly exitCode: number | null } | null;
  readonly machines: readonly { readonly stage: string; readonly bounds: { readonly network: string; readonly limits: Readonly<Record<string, number | null>>; readonly unbound: readonly { readonly what: string }[] } | null }[];
}

export interface Session {
  /** Printed so far. */
  readonly out: string;
  type(text: string): void;
  readonly ended: Promise<Ran>;
}

/** A whole installation, from a checkout of its own, and a machine beside it that has a kernel of its own. */
export class VmHouse {
  readonly machine: UmlMachine;
  readonly releases: AgentReleases;
  readonly #checkout = freshCheckout();
  readonly #home = freshFolder('home');
  readonly #folder: string;
  readonly #agentAddress: string;
  #program: Program | undefined;

  private constructor(machine: UmlMachine, folder: string, agentAddress: string) {
    this.machine = machine;
    this.#folder = folder;
    this.#agentAddress = agentAddress;
    this.releases = new AgentReleases(folder);
    symlinkSync(join(CHECKOUT, 'node_modules'), join(this.#checkout, 'node_modules'));
  }

  /** Starts both. @param release of the agent that the server has first: a folder with its source. */
  static async open(release: (releases: AgentReleases) => string): Promise<VmHouse> {
    const image = await debianImage();
    const folder = mkdtempSync(join(tmpdir(), 'tdm-vm-'));
    const machine = new UmlMachine(image, join(folder, 'uml'));
    const house = new VmHouse(machine, folder, `${machine.address}:${await freePort()}`);
    try {
      await machine.open();
      await house.serve(release(house.releases));
      return house;
    } catch (error) {
      await house.close();
      throw error;
    }
  }

  get program(): Program {
    if (this.#program === undefined) throw new Error('there is no server');
    return this.#program;
  }

  /** Starts the server, again where it runs, with this release of the agent. */
  async serve(agentFolder: string): Promise<void> {
    await this.#program?.interrupt();
    rmSync(join(this.#checkout, 'agent'), { recursive: true, force: true });
    cpSync(agentFolder, join(this.#checkout, 'agent'), { recursive: true });
    this.#program = await startProgram({ checkout: this.#checkout, home: this.#home, direct: true, env: { TANDEM_LOCAL_MODEL: 'off', TANDEM_AGENT_ADDRESS: this.#agentAddress } });
  }

  /** The command line, as a person's shell runs it. */
  tandem(...words: readonly string[]): Promise<Ran> {
    return this.session(...words).ended;
  }

  /** The same, for who types into it. */
  session(...words: readonly string[]): Session {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(CHECKOUT, 'src/cli/main.ts'), ...words], { env: { PATH: process.env['PATH'], HOME: this.program.home, TANDEM_HOME: this.program.home, TANDEM_URL: this.program.url, TANDEM_KEY: this.program.key }, stdio: ['pipe', 'pipe', 'pipe'] });
    const said = { out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => { said.out += chunk.toString(); });
    child.stderr.on('data', (chunk: Buffer) => { said.err += chunk.toString(); });
    return {
      get out() {
        return said.out;
      },
      type: (text) => void child.stdin.write(text),
      ended: new Promise((resolve) => child.once('close', (code) => resolve({ code, ...said }))),
    };
  }

  /** The one node there is. */
  async node(): Promise<NodeSeen | undefined> {
    return (await api<{ items: NodeSeen[] }>(this.program, 'GET', '/api/nodes')).items[0];
  }

  async lease(id: string): Promise<LeaseSeen> {
    return (await api<{ lease: LeaseSeen }>(this.program, 'GET', `/api/leases/${id}`)).lease;
  }

  /** Asks for the machine; resolves with the lease's id. */
  async asked(key: string, wish: object = {}): Promise<string> {
    return (await api<LeaseSeen>(this.program, 'POST', '/api/leases', { key, kind: 'node', minutes: 60, ...wish })).id;
  }

  /** The same, once it runs. */
  async leased(key: string): Promise<string> {
    const id = await this.asked(key);
    await this.until(`lease ${key} runs`, () => this.lease(id), ({ state }) => state === 'running');
    return id;
  }

  /** Ends it, where it is not over, and waits for its wipe. */
  async ended(id: string): Promise<LeaseSeen> {
    if (!['ending', 'wiping', 'ended'].includes((await this.lease(id)).state)) await api(this.program, 'POST', `/api/leases/${id}/end`);
    return this.until(`lease ${id} is ended`, () => this.lease(id), ({ state }) => state === 'ended');
  }

  /** Looks again and again until what is seen is as it should be. @throws Error with what was seen last and what the machine says. */
  async until<T>(what: string, look: () => Promise<T>, holds: (seen: T) => boolean): Promise<T> {
    const fromMs = performance.now();
    for (;;) {
      const seen = await look().catch((error: Error) => error);
      if (!(seen instanceof Error) && holds(seen)) return seen;
      if (performance.now() - fromMs > UNTIL_MS) throw new Error(`never: ${what}: ${seen instanceof Error ? seen.message : JSON.stringify(seen)}\n${await this.agentSays()}`);
      await new Promise((resolve) => { setTimeout(resolve, 250); });
    }
  }

  /** A price for the machine's time, and the bounds of its leases: small, so that they are soon reached. */
  async terms(words: Readonly<Record<string, number>>): Promise<void> {
    await api(this.program, 'POST', '/api/prices', { resource: 'node/linux-x64', source: 'test', buckets: { minute: { price: '0', per: '60' } } });
    const { code, err } = await this.tandem('pools', 'set', 'default', ...Object.entries(words).flatMap(([name, value]) => [`--${name}`, String(value)]));
    if (code !== 0) throw new Error(err);
    // A price begins some seconds after it was made.
    await this.until('the machine has its price', () => api<{ cost: string }>(this.program, 'POST', '/api/leases/quote', { kind: 'node', minutes: 60 }), ({ cost }) => cost === '0');
  }

  /** The last lines of the agent's journal. */
  async agentSays(): Promise<string> {
    const { out, err } = await this.machine.run('journalctl -u tandem-agent -u tandem-leases -n 40 --no-pager; tail -n 5 /var/lib/tandem-agent/leases/*/keeper.log 2>/dev/null');
    return out + err;
  }

  async close(): Promise<void> {
    await this.machine.close();
    await this.#program?.interrupt();
    for (const folder of [this.#folder, this.#checkout, this.#home]) rmSync(folder, { recursive: true, force: true });
  }
}
