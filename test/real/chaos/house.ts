import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { TWO_H100, TWO_H100_LIST, TWO_H100_QUERY } from '../../../agent/src/inventory/fixtures/nvidia.ts';
import { AGENT_HOME, StandInNet, type StandInHost } from '../../../agent/src/testing/stand-in-host.ts';
import { api, priceMinutes } from '../../acceptance/support/api.ts';
import { freePort, type Program } from '../../acceptance/support/program.ts';
import { ChaosServer } from './server.ts';
import { told, type Fault } from './storm.ts';

const pause = (seconds: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, seconds * 1_000); });

/** A server with its database, and hosts with agents: all of them real processes, and everything that can go wrong with them. */
export class ChaosHouse {
  readonly net = new StandInNet();
  /** What was done, with seconds since the start: printed when something is wrong. */
  readonly log: string[] = [];
  /** Servers that ended though nobody had killed them. */
  readonly ends: string[] = [];
  /** When each host was last not as it should be, or could not be reached, in this process's time. */
  readonly troubledMs: number[] = [];
  readonly #servers: ChaosServer[] = [];
  readonly #agentPorts: number[] = [];
  readonly #lasting = new Set<Promise<void>>();
  readonly #active = new Map<object, number | 'all'>();
  readonly #beganMs = Date.now();

  get hosts(): readonly StandInHost[] {
    return this.net.hosts;
  }

  /** A server that is there, as far as this process knows; the first of them while none is. @param turn chooses among several. */
  program(turn = 0): Program {
    const up = this.#servers.filter((one) => one.up);
    return (up.length === 0 ? this.#servers[0]! : up[turn % up.length]!).program;
  }

  /** The last words of each host's agent and of each server. */
  lastWords(): string {
    const agents = this.hosts.map((host) => {
      try {
        return `${host.name}: ${stateOf(host)}\n${readFileSync(host.path('/var/log/agent.log'), 'utf8').slice(-6_000)}`;
      } catch (error) {
        return `${host.name}: ${(error as Error).message}`;
      }
    });
    return [...agents, ...this.#servers.map((server, index) => `server ${index}: ${server.said().slice(-6_000)}`)].join('\n');
  }

  note(line: string): void {
    this.log.push(`${new Date().toISOString().slice(11, 23)} ${((Date.now() - this.#beganMs) / 1_000).toFixed(1)} ${line}`);
  }

  /**
   * @param names of hosts. One whose name begins with `gpu` says that it has two GPUs; the others stand in for Macs.
   * @param servers over one database: the first has it, and the agents reach any of them by chance.
   */
  async open(names: readonly string[], servers: number): Promise<void> {
    for (let index = 0; index < servers; index += 1) {
      const port = await freePort();
      const [first] = this.#servers;
      const shared: Record<string, string> = first === undefined ? {} : {
        DATABASE_URL: `postgres://tandem:${encodeURIComponent(readFileSync(join(first.home, 'postgres/password'), 'utf8').trim())}@/tandem?host=${encodeURIComponent(join(first.home, 'postgres/data'))}&port=5432`, TANDEM_SECRET_FILE: join(first.home, 'secret'),
      };
      const server = new ChaosServer({ TANDEM_PORT: String(await freePort()), TANDEM_AGENT_ADDRESS: `${this.net.address}:${port}`, TANDEM_LOCAL_MODEL: 'off', TANDEM_LOG: process.env['CHAOS_SERVER_LOG'] ?? 'warn', ...shared }, (why) => {
        this.ends.push(`server ${index}: ${why}`);
        this.note(`server ${index} is started again: ${why}`);
      });
      await server.start();
      this.#servers.push(server);
      this.#agentPorts.push(port);
    }
    await priceMinutes(this.program(), 'gpu/h100-80gb', '2000000000003');
    await priceMinutes(this.program(), 'mac/stand-in', '700000000001');
    for (const name of names) await this.#addHost(name);
  }

  async close(): Promise<void> {
    await Promise.all(this.#lasting);
    for (const server of this.#servers.toReversed()) await server.close();
    await this.net.close();
  }

  /** Does it, and undoes what lasts when its time is over. */
  async do(fault: Fault): Promise<void> {
    this.note(told(fault, this.hosts.map(({ name }) => name)));
    const host = 'host' in fault ? this.hosts[fault.host]! : undefined;
    const where = 'host' in fault ? fault.host : 'all';
    const server = this.#servers['server' in fault ? fault.server % this.#servers.length : 0]!;
    switch (fault.kind) {
      case 'kill-agent': return this.#during(where, async () => kill(this.#agents(host!)));
      case 'kill-keeper': return this.#during(where, async () => kill(this.#keepers(host!).slice(0, 1)));
      case 'reboot': return this.#during(where, () => host!.restart(fault.off));
      case 'kill-server': return this.#during('all', () => server.restart(fault.down));
      case 'kill-database': return this.#during('all', async () => kill([this.#postmaster()]));
      case 'cut': return this.#during(where, async () => {
        host!.cut(fault.what);
        await pause(fault.what === 'reset' ? 1 : fault.lasts);
        host!.cut('none');
      });
      case 'agent-clock': return this.#during(where, async () => {
        host!.setClock(fault.off);
        await pause(fault.lasts);
        host!.setClock(0);
      });
      case 'server-clock': return this.#during('all', async () => {
        if (!server.up) return;
        server.setClock(fault.off);
        await pause(fault.lasts);
        server.setClock(0);
      });
      case 'freeze-agent': return this.#during(where, async () => freeze(this.#agents(host!), fault.lasts));
      case 'freeze-server': return this.#during('all', () => freeze([server.program.serverPid], fault.lasts));
    }
  }

  /** Resolves when nothing lasts any more. */
  async healed(): Promise<void> {
    while (this.#lasting.size > 0) await Promise.all(this.#lasting);
    await Promise.all(this.#servers.map((server) => server.there()));
    for (const host of this.hosts) {
      host.cut('none');
      host.setClock(0);
    }
    for (const server of this.#servers) server.setClock(0);
  }

  /** Hosts that something is done to just now are troubled; so are those that the server does not reach. */
  watchTrouble(unreached: readonly number[]): void {
    const now = Date.now();
    const all = this.#servers.some(({ up }) => !up) ? ['all' as const] : [];
    for (const where of [...this.#active.values(), ...unreached, ...all]) for (let host = 0; host < this.hosts.length; host += 1) if (where === 'all' || where === host) this.troubledMs[host] = now;
  }

  #during(where: number | 'all', work: () => Promise<void>): Promise<void> {
    const what = {};
    this.#active.set(what, where);
    this.watchTrouble([]);
    const done = Promise.resolve().then(work).catch((error: Error) => this.note(`failed: ${error.message}`)).finally(() => {
      this.watchTrouble([]);
      this.#active.delete(what);
      this.#lasting.delete(done);
    });
    this.#lasting.add(done);
    return Promise.resolve();
  }

  async #addHost(name: string): Promise<void> {
    const host = await this.net.add(name);
    const gpus = name.startsWith('gpu');
    // It says what documentation says that two cards say: there is no card.
    if (gpus) host.run(`cat > /usr/local/bin/nvidia-smi <<'END'\n#!/bin/sh\nif [ "$1" = -L ]; then cat <<'TEXT'\n${TWO_H100_LIST}TEXT\nelif [ "$1" = -q ]; then cat <<'TEXT'\n${TWO_H100_QUERY}TEXT\nelse cat <<'TEXT'\n${TWO_H100}TEXT\nfi\nEND\nchmod 755 /usr/local/bin/nvidia-smi`);
    const node = `mkdir -p ${AGENT_HOME}/node; [ -x ${process.execPath} ] && ln -s ${process.execPath} ${AGENT_HOME}/node/$(sha256sum ${process.execPath} | cut -d' ' -f1)`;
    host.run(node);
    const { line } = await api<{ line: string }>(this.program(), 'POST', '/api/nodes', { name });
    const pasted = host.run(line, gpus ? {} : { TANDEM_AGENT_STAND_IN: '1' });
    if (pasted.code !== 0) throw new Error(pasted.err);
    if (this.#agentPorts.length > 1) this.#balance(host);
    this.troubledMs.push(Date.now());
  }

  /** What the agent calls its server is any of them, as behind a load balancer that looks at nothing. */
  #balance(host: StandInHost): void {
    const [first] = this.#agentPorts;
    const choices = this.#agentPorts.map((port, index) => `${index} : ${port}`).join(', ');
    const rule = `add rule ip balance output ip daddr ${this.net.address} tcp dport ${first} dnat to ${this.net.address} : numgen random mod ${this.#agentPorts.length} map { ${choices} }`;
    const done = host.run(`nft 'add table ip balance; add chain ip balance output { type nat hook output priority -100; }; ${rule}'`);
    if (done.code !== 0) throw new Error(done.err);
  }

  #agents(host: StandInHost): number[] {
    return processes(host, /main\.ts\0run\0/);
  }

  #keepers(host: StandInHost): number[] {
    return processes(host, /main\.ts\0keep\0/);
  }

  #postmaster(): number {
    return Number(readFileSync(join(this.#servers[0]!.home, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0]);
  }
}

/** What is needed to know why an agent does not come back: clock, processes, its folder, how long its certificates are valid, what of its network is cut. */
function stateOf(host: StandInHost): string {
  const certificates = `for one in ${AGENT_HOME}/identity/certificate.pem*; do echo "$one"; openssl x509 -noout -dates -in "$one"; done`;
  const { out, err } = host.run(`date -u; cat /etc/stand-in-clock; ps -eo pid,ppid,stat,lstart,args | cut -c1-200; cd ${AGENT_HOME}; cat agent.pid; ls -lA --time-style=full-iso . identity versions leases; ${certificates}; nft list table inet cut`);
  return out + err;
}

/** Processes of a host by their command line, as this machine numbers them. */
export function processes(host: StandInHost, command: RegExp): number[] {
  if (!host.on) return [];
  const space = namespaceOf(host.init);
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return command.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8')) && namespaceOf(pid) === space;
    } catch {
      return false;
    }
  });
}

function namespaceOf(pid: number): string {
  return readlinkSync(`/proc/${pid}/ns/net`);
}

function kill(pids: readonly number[], signal: NodeJS.Signals = 'SIGKILL'): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It went by itself.
    }
  }
}

async function freeze(pids: readonly number[], seconds: number): Promise<void> {
  kill(pids, 'SIGSTOP');
  await pause(seconds);
  kill(pids, 'SIGCONT');
}
