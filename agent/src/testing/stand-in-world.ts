import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { runCommand, type RunCommand, type Said } from '../machine/command.ts';

const PROGRAM = join(import.meta.dirname, 'leases-program.ts');
/** Answers every connection with the address that it came to. */
const ANSWER = 'const net = require("node:net"); const open = (port) => net.createServer((socket) => socket.on("error", () => {}).end(`${socket.localAddress}\\n`)).listen(port, "::", () => process.stdout.write("open\\n")); process.argv.slice(1).forEach((port) => open(Number(port)));';

/** Addresses of the stand-in world, all on its one side. */
export const WORLD = {
  internet: ['45.33.7.7', '2600:7:7::7'], controlPlane: ['45.33.8.8', '2600:8:8::8'], resolver: ['10.77.0.53', 'fd77::53'],
  metadata: ['169.254.169.254', 'fd00:ec2::254', '168.63.129.16', '100.100.100.200'], private: ['10.9.9.9', '172.20.0.9', '192.168.9.9', '100.64.9.9', 'fd99::9'],
  /** The machine's own, as the world sees it. */
  machine: ['10.77.0.2', 'fd77::2'],
  /** In another network of the machine. */
  behind: '10.88.0.2',
} as const;

/**
 * A machine's network in a namespace of its own, and behind it a world in another: stand-ins for the internet, clouds' metadata, private
 * networks and the control plane. Nothing of it is seen outside.
 */
export class StandInWorld {
  readonly machine = `tm${randomBytes(4).toString('hex')}`;
  readonly #world = `tw${randomBytes(4).toString('hex')}`;
  readonly #behind = `tb${randomBytes(4).toString('hex')}`;
  readonly #servers: ChildProcess[] = [];

  /** Programs of the machine, run in its namespace. */
  readonly run: RunCommand = (program, args, input) => runCommand('ip', ['netns', 'exec', this.machine, program, ...args], input);

  get #all(): readonly string[] {
    return [this.machine, this.#world, this.#behind];
  }

  inWorld(command: readonly string[]): Promise<Said> {
    return runCommand('ip', ['netns', 'exec', this.#world, ...command]);
  }

  async build(): Promise<void> {
    const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    for (const name of this.#all) {
      ip('netns', 'add', name);
      ip('-n', name, 'link', 'set', 'lo', 'up');
    }
    // A new network begins as the machine's own is; this one forwards nothing before a lease needs it.
    await this.run('sysctl', ['-qw', 'net.ipv4.ip_forward=0', 'net.ipv6.conf.all.forwarding=0']);
    ip('-n', this.machine, 'link', 'add', 'out', 'type', 'veth', 'peer', 'name', 'in', 'netns', this.#world);
    ip('-n', this.machine, 'addr', 'add', '10.77.0.2/24', 'dev', 'out');
    ip('-n', this.machine, '-6', 'addr', 'add', 'fd77::2/64', 'dev', 'out', 'nodad');
    ip('-n', this.#world, 'addr', 'add', '10.77.0.1/24', 'dev', 'in');
    ip('-n', this.#world, '-6', 'addr', 'add', 'fd77::1/64', 'dev', 'in', 'nodad');
    ip('-n', this.machine, 'link', 'set', 'out', 'up');
    ip('-n', this.#world, 'link', 'set', 'in', 'up');
    ip('-n', this.machine, 'route', 'add', 'default', 'via', '10.77.0.1');
    ip('-n', this.machine, '-6', 'route', 'add', 'default', 'via', 'fd77::1');
    for (const address of [...WORLD.internet, ...WORLD.controlPlane, ...WORLD.metadata, ...WORLD.private]) ip('-n', this.#world, 'addr', 'add', `${address}/${address.includes(':') ? 128 : 32}`, 'dev', 'lo', ...(address.includes(':') ? ['nodad'] : []));
    // On the machine's own network, as many resolvers are.
    ip('-n', this.#world, 'addr', 'add', `${WORLD.resolver[0]}/24`, 'dev', 'in');
    ip('-n', this.#world, '-6', 'addr', 'add', `${WORLD.resolver[1]}/64`, 'dev', 'in', 'nodad');
    ip('-n', this.machine, 'link', 'add', 'back', 'type', 'veth', 'peer', 'name', 'in', 'netns', this.#behind);
    ip('-n', this.machine, 'addr', 'add', '10.88.0.1/24', 'dev', 'back');
    ip('-n', this.#behind, 'addr', 'add', `${WORLD.behind}/24`, 'dev', 'in');
    ip('-n', this.machine, 'link', 'set', 'back', 'up');
    ip('-n', this.#behind, 'link', 'set', 'in', 'up');
    ip('-n', this.#behind, 'route', 'add', 'default', 'via', '10.88.0.1');
    ip('-n', this.#world, 'route', 'add', '10.88.0.0/24', 'via', '10.77.0.2');
    await this.#serve(this.#behind, [80]);
    await this.#serve(this.#world, [53, 80]);
    await this.#serve(this.machine, [80, 8080]);
  }

  /** A question to the leases of a home on this machine. */
  ask(home: string, name: 'grant' | 'end' | 'wipe' | 'list', params: object = {}): Record<string, unknown> {
    const { status, stdout, stderr } = spawnSync('ip', ['netns', 'exec', this.machine, process.execPath, '--disable-warning=ExperimentalWarning', PROGRAM, home, name, JSON.stringify(params)], { encoding: 'utf8', env: { ...process.env, TANDEM_AGENT_NETWORK: '' } });
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  tearDown(): void {
    for (const server of this.#servers) server.kill('SIGKILL');
    for (const name of this.#all) spawnSync('ip', ['netns', 'del', name]);
  }

  /** Something that listens in a lease's own network, as a program of its tenant would. @param pid of a process there. */
  serveIn(pid: number, ports: readonly number[]): Promise<void> {
    return this.#listen(['nsenter', '--target', String(pid), '--net', '--'], ports);
  }

  #serve(namespace: string, ports: readonly number[]): Promise<void> {
    return this.#listen(['ip', 'netns', 'exec', namespace], ports);
  }

  #listen([program, ...args]: readonly string[], ports: readonly number[]): Promise<void> {
    const server = spawn(program!, [...args, process.execPath, '-e', ANSWER, ...ports.map(String)], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#servers.push(server);
    let open = 0;
    return new Promise((resolve, reject) => {
      server.once('close', () => reject(new Error('a stand-in server ended')));
      server.stdout!.on('data', (chunk: Buffer) => {
        open += chunk.toString().split('open').length - 1;
        if (open === ports.length) resolve();
      });
    });
  }
}
