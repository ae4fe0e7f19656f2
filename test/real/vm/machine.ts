import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ran } from './image.ts';

const MEMORY = '2048M';
const BOOT_MS = 300_000;

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/**
 * Debian as User Mode Linux: a machine with a kernel, processes, memory, systemd and a boot id of its own, whose kernel is a program of this one.
 * Not a Mac, and no hardware.
 */
export class UmlMachine {
  /** This machine's address, as that one reaches it. */
  readonly address: string;
  readonly #own: string;
  readonly #image: string;
  readonly #folder: string;
  readonly #tap = `tdm${process.pid % 100_000}u`;
  #kernel: ChildProcess | undefined;

  /** @param folder for what it writes; short, since sockets lie in it. */
  constructor(image: string, folder: string) {
    this.#image = image;
    this.#folder = folder;
    // Its process names it, so that two runs side by side do not meet.
    const prefix = `10.${210 + (process.pid % 20)}.${Math.floor(process.pid / 20) % 250}`;
    this.address = `${prefix}.1`;
    this.#own = `${prefix}.2`;
  }

  /** Makes its network and starts it. */
  async open(): Promise<void> {
    mkdirSync(this.#folder, { recursive: true });
    await ran('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(this.#folder, 'key')]);
    await ran('ip', ['tuntap', 'add', this.#tap, 'mode', 'tap']);
    process.once('exit', this.#closeNow);
    await ran('ip', ['addr', 'add', `${this.address}/30`, 'dev', this.#tap]);
    await ran('ip', ['link', 'set', this.#tap, 'up']);
    await this.start();
  }

  /** Power on. What its disk has is as it was; resolves when it lets root in. Returns how long that took. */
  async start(): Promise<number> {
    const fromMs = performance.now();
    const [, key] = readFileSync(join(this.#folder, 'key.pub'), 'utf8').split(' ');
    const screen = openSync(this.screen, 'a');
    // It ends with this process, however that ends.
    this.#kernel = spawn('setpriv', [
      '--pdeathsig=KILL', 'linux.uml', `mem=${MEMORY}`, `ubd0=${join(this.#folder, 'changes')},${this.#image}`, 'root=/dev/ubda', 'rw', `umid=machine`, `uml_dir=${this.#folder}/`,
      `vec0:transport=tap,ifname=${this.#tap},depth=128,gro=0`, 'con=null', 'con0=null,fd:1', 'quiet', 'net.ifnames=0', 'systemd.unified_cgroup_hierarchy=1',
      `machine.address=${this.#own}/30`, `machine.key=${key}`,
    ], { stdio: ['ignore', screen, screen], detached: true });
    closeSync(screen);
    for (;;) {
      const { code } = await this.run('true', 60_000);
      if (code === 0) break;
      if (this.#kernel.exitCode !== null) throw new Error(`the machine ended while it started:\n${this.lastWords()}`);
      if (performance.now() - fromMs > BOOT_MS) throw new Error(`the machine does not start:\n${this.lastWords()}`);
      await new Promise((resolve) => { setTimeout(resolve, 250); });
    }
    // Its network card, once it is up, tells this machine that it takes packets of any length, and then drops the long ones.
    await ran('ethtool', ['-K', this.#tap, 'tx', 'off', 'sg', 'off', 'tso', 'off', 'gso', 'off']);
    return performance.now() - fromMs;
  }

  /** As when its power is cut. */
  async cutPower(): Promise<void> {
    const kernel = this.#kernel;
    if (kernel === undefined || kernel.exitCode !== null || kernel.signalCode !== null) return;
    const over = new Promise<void>((resolve) => { kernel.once('exit', () => resolve()); });
    this.#killNow();
    await over;
  }

  /** Runs a line of shell in it, as root. `code` is 255 where it could not be reached. */
  run(line: string, limitMs = 120_000): Promise<Ran> {
    return new Promise((resolve) => {
      const child = spawn('ssh', [
        '-q', '-i', join(this.#folder, 'key'), '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'ConnectTimeout=60', '-o', 'IdentitiesOnly=yes',
        '-F', 'none', `root@${this.#own}`, line,
      ], { stdio: ['ignore', 'pipe', 'pipe'], timeout: limitMs, killSignal: 'SIGKILL' });
      const said = { out: '', err: '' };
      child.stdout.on('data', (chunk: Buffer) => { said.out += chunk.toString(); });
      child.stderr.on('data', (chunk: Buffer) => { said.err += chunk.toString(); });
      child.once('close', (code) => resolve({ code, ...said }));
    });
  }

  /** What it shows on its console. */
  get screen(): string {
    return join(this.#folder, 'screen');
  }

  lastWords(): string {
    return readFileSync(this.screen, 'utf8').slice(-3_000);
  }

  async close(): Promise<void> {
    await this.cutPower();
    this.#closeNow();
  }

  /** The processes inside are processes here, in one group. */
  #killNow(): void {
    const kernel = this.#kernel;
    if (kernel?.pid === undefined || kernel.exitCode !== null || kernel.signalCode !== null) return;
    try {
      process.kill(-kernel.pid, 'SIGKILL');
    } catch {
      kernel.kill('SIGKILL');
    }
  }

  readonly #closeNow = (): void => {
    process.off('exit', this.#closeNow);
    this.#killNow();
    spawnSync('ip', ['link', 'del', this.#tap]);
    rmSync(this.#folder, { recursive: true, force: true });
  };
}
