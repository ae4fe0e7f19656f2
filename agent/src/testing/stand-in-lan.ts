import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRecords } from '../leases/record.ts';
import { runCommand, type RunCommand } from '../machine/command.ts';
import { homeAt, type Home } from '../state/home.ts';

const PROGRAM = join(import.meta.dirname, 'leases-program.ts');

/** A machine on it: a network of its own, and an agent's home. */
export interface LanMachine {
  readonly address: string;
  readonly home: Home;
  /** Programs of the machine, run in its network. */
  readonly run: RunCommand;
  /** A question to its leases. @throws Error with what they refuse. */
  ask(name: 'grant' | 'end' | 'wipe' | 'list' | 'offer' | 'join' | 'leave' | 'probe', params?: object): Record<string, unknown>;
}

/** Machines on one network, each in a namespace of its own with an address of 10.84.0.0/24. Nothing of it is seen outside. */
export class StandInLan {
  readonly network = '10.84.0.0/24';
  readonly machines: readonly LanMachine[];
  readonly #word = randomBytes(3).toString('hex');
  readonly #names: string[] = [];

  constructor(size: number) {
    const lan = this.#namespace('lan');
    ip('-n', lan, 'link', 'add', 'bridge', 'type', 'bridge');
    ip('-n', lan, 'link', 'set', 'bridge', 'up');
    this.machines = Array.from({ length: size }, (_, at) => this.#machine(lan, at + 1));
  }

  tearDown(): void {
    for (const { home, ask } of this.machines) {
      for (const { lease } of readRecords(home)) ask('wipe', { lease, fence: '999999' });
      rmSync(home.root, { recursive: true, force: true });
    }
    for (const name of this.#names) spawnSync('ip', ['netns', 'del', name]);
  }

  #machine(lan: string, number: number): LanMachine {
    const [net, address] = [this.#namespace(String(number)), `10.84.0.${number}`];
    ip('-n', lan, 'link', 'add', `port${number}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', net);
    ip('-n', lan, 'link', 'set', `port${number}`, 'master', 'bridge', 'up');
    ip('-n', net, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    ip('-n', net, 'link', 'set', 'eth0', 'up');
    const home = homeAt(mkdtempSync(join(tmpdir(), 'tandem-lan-')));
    chmodSync(home.root, 0o711);
    return {
      address, home, run: (program, args, input) => runCommand('ip', ['netns', 'exec', net, program, ...args], input),
      ask(name, params = {}) {
        const { status, stdout, stderr } = spawnSync('ip', ['netns', 'exec', net, process.execPath, '--disable-warning=ExperimentalWarning', PROGRAM, home.root, name, JSON.stringify(params)], { encoding: 'utf8', env: { ...process.env, TANDEM_AGENT_NETWORK: '' } });
        if (status !== 0) throw new Error(stderr);
        return JSON.parse(stdout) as Record<string, unknown>;
      },
    };
  }

  #namespace(what: string): string {
    const name = `tl${this.#word}${what}`;
    ip('netns', 'add', name);
    ip('-n', name, 'link', 'set', 'lo', 'up');
    this.#names.push(name);
    return name;
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
