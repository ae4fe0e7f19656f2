import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { uptime } from 'node:os';
import { dirname } from 'node:path';

/** Where the pasted line puts the agent of a machine's root. */
export const AGENT_HOME = '/var/lib/tandem-agent';
/** In a host: what `libfaketime` reads, once a second, of how far its wall clock is off. */
const CLOCK_FILE = '/etc/stand-in-clock';
/** Debian's package `faketime` puts it below the folder of the machine's own architecture. */
const FAKETIME = [`/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/faketime/libfaketimeMT.so.1`].find((path) => existsSync(path));

/** A program whose wall clock a file sets. Its monotonic clock and the one since its boot are left alone, as the kernel leaves them when somebody sets the time. */
export function clockFrom(file: string): Record<string, string> {
  return FAKETIME === undefined ? {} : { LD_PRELOAD: FAKETIME, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_CACHE_DURATION: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' };
}

/** Whether wall clocks can be set here without setting this machine's. */
export const canSetClocks = FAKETIME !== undefined;

/** What does not get through: to the host, from it, both, or nothing. `reset`: what is open is ended by a reset. */
export type Cut = 'none' | 'in' | 'out' | 'both' | 'reset';

/** Why there can be no hosts of this kind here; undefined: there can. */
export const noStandInHosts = ((): string | undefined => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'they need Linux and root';
  const missing = ['ip', 'nft', 'unshare', 'nsenter', 'setpriv', 'curl'].filter((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0);
  if (missing.length > 0) return `these programs are missing: ${missing.join(', ')}`;
  return spawnSync('unshare', ['--mount', '--pid', '--uts', '--ipc', '--net', '--time', '--fork', 'true']).status === 0 ? undefined : 'the kernel makes no namespaces here';
})();

/** The first process of a host: its mounts, its name, and what its service manager would do. It takes in orphans as an init does. */
const INIT = `
set -e
cd "$STAND_IN_ROOT"
mkdir -p proc.whole old
# bubblewrap mounts a proc of its own only where one is whole: the other has the boot's id written over it.
mount -t proc proc proc.whole
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs -o mode=1777 shm dev/shm
mount -t tmpfs -o mode=1777 tmp tmp
mount -t tmpfs -o mode=755 run run
# What was written to its disk, and nothing of what this machine has below it.
mkdir run/disk
mount --bind "\${STAND_IN_ROOT%/*}/upper" run/disk
mount -t sysfs sys sys 2>/dev/null || true
mount --rbind /sys/fs/cgroup sys/fs/cgroup 2>/dev/null || true
cat /proc/sys/kernel/random/uuid > run/boot-id
mount --bind run/boot-id proc/sys/kernel/random/boot_id
hostname "$STAND_IN_NAME"
pivot_root . old
cd /
umount -l old
ip link set lo up
[ -e ${AGENT_HOME}/versions/current ] && setsid sh ${AGENT_HOME}/versions/current/launch.sh ${AGENT_HOME} >>/var/log/agent.log 2>&1 </dev/null &
while :; do sleep 1; done
`;

/**
 * A machine of its own on this one, for tests: mounts with a root to write, processes, network, name, and a clock since its boot. It has no
 * init but a loop, no other kernel and no other hardware: a stand-in for a Linux machine, and no Mac at all.
 */
export class StandInHost {
  readonly name: string;
  readonly address: string;
  readonly #net: string;
  readonly #holder: ChildProcess;
  readonly #env: NodeJS.ProcessEnv;
  #machine: ChildProcess | undefined;
  #restarting: Promise<void> | undefined;

  /** @param net names its network namespace. */
  constructor({ name, address, net, holder }: { readonly name: string; readonly address: string; readonly net: string; readonly holder: ChildProcess }) {
    this.name = name;
    this.address = address;
    this.#net = net;
    this.#holder = holder;
    this.#env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', STAND_IN_ROOT: rootOf(holder), TANDEM_AGENT_DISK: '/run/disk', STAND_IN_NAME: name, ...clockFrom(CLOCK_FILE) };
  }

  /** Whether it runs. */
  get on(): boolean {
    return this.#machine !== undefined && this.#machine.exitCode === null && this.#machine.signalCode === null;
  }

  /** Its first process, as this machine sees it. */
  get init(): number {
    return Number(readFileSync(`/proc/${this.#machine!.pid}/task/${this.#machine!.pid}/children`, 'utf8').trim().split(' ')[0]);
  }

  /** A path of the host as this machine sees it. */
  path(inside: string): string {
    return `/proc/${this.init}/root${inside}`;
  }

  /** Starts it; what its disk has is as it was. */
  async boot(): Promise<void> {
    const sinceBoot = 60 - Math.floor(uptime());
    this.#machine = spawn('setpriv', [
      '--pdeathsig=KILL', 'nsenter', `--mount=/proc/${this.#holder.pid}/ns/mnt`, `--net=/run/netns/${this.#net}`, '--',
      'unshare', '--mount', '--pid', '--uts', '--ipc', '--time', '--boottime', String(sinceBoot), '--fork', '--kill-child', 'bash', '-c', INIT,
    ], { env: this.#env, stdio: 'ignore', cwd: '/' });
    for (let tries = 0; tries < 200; tries += 1) {
      if (this.run('test ! -e /old/bin && hostname').out.trim() === this.name) return;
      await new Promise((resolve) => { setTimeout(resolve, 25); });
    }
    throw new Error(`the stand-in host ${this.name} did not start`);
  }

  /** As when its power is cut, and comes back after so many seconds. Whoever does it while somebody else does waits for that. */
  restart(offSeconds: number): Promise<void> {
    this.#restarting ??= (async () => {
      await this.powerOff();
      await new Promise((resolve) => { setTimeout(resolve, offSeconds * 1_000); });
      await this.boot();
    })().finally(() => { this.#restarting = undefined; });
    return this.#restarting;
  }

  /** As when its power is cut. */
  async powerOff(): Promise<void> {
    const machine = this.#machine;
    if (machine === undefined || !this.on) return;
    const over = new Promise<void>((resolve) => { machine.once('exit', () => resolve()); });
    try {
      process.kill(this.init, 'SIGKILL');
    } catch {
      machine.kill('SIGKILL');
    }
    await over;
  }

  /** Runs a line of shell in it, as root, and waits. */
  run(line: string, env: Readonly<Record<string, string>> = {}): { readonly code: number | null; readonly out: string; readonly err: string } {
    const done = spawnSync('nsenter', this.#inside(line), { env: { ...this.#env, ...env }, encoding: 'utf8', timeout: 120_000 });
    return { code: done.status, out: done.stdout, err: done.stderr };
  }

  /** As `run`, without waiting. */
  start(line: string, env: Readonly<Record<string, string>> = {}): ChildProcess {
    return spawn('nsenter', this.#inside(line), { env: { ...this.#env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  cut(what: Cut): void {
    const chain = (hook: 'input' | 'output', verdict: string): string => `add chain inet cut ${hook} { type filter hook ${hook} priority -300; }\nadd rule inet cut ${hook} ${hook === 'input' ? 'iif' : 'oif'} != lo ${verdict}\n`;
    const rules = { none: '', in: chain('input', 'drop'), out: chain('output', 'drop'), both: chain('input', 'drop') + chain('output', 'drop'), reset: chain('output', 'meta l4proto tcp reject with tcp reset') }[what];
    const chains = rules === '' ? '' : `add table inet cut\n${rules}`;
    const done = spawnSync('ip', ['netns', 'exec', this.#net, 'nft', '-f', '-'], { input: `add table inet cut\ndelete table inet cut\n${chains}`, encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`nft: ${done.stderr}`);
  }

  /** Sets its wall clock so many seconds off; nothing where there is no libfaketime. */
  setClock(offSeconds: number): void {
    this.run(`echo '${offSeconds < 0 ? '' : '+'}${offSeconds}' > ${CLOCK_FILE}.new && mv ${CLOCK_FILE}.new ${CLOCK_FILE}`);
  }

  #inside(line: string): string[] {
    const target = this.init;
    return [...['mnt', 'net', 'uts', 'ipc', 'time', 'pid'].map((kind) => `--${kind === 'mnt' ? 'mount' : kind}=/proc/${target}/ns/${kind}`), '--', 'sh', '-c', `cd /; ${line}`];
  }
}

/** A network of stand-in hosts with this machine in it. */
export class StandInNet {
  /** This machine's address in it. */
  readonly address: string;
  readonly hosts: StandInHost[] = [];
  readonly #word: string;
  readonly #prefix: string;
  readonly #holders: ChildProcess[] = [];

  constructor() {
    this.#word = `tdm${process.pid % 100_000}`;
    this.#prefix = `10.${180 + (process.pid % 20)}.${Math.floor(process.pid / 20) % 250}`;
    this.address = `${this.#prefix}.1`;
    ip('link', 'add', this.#word, 'type', 'bridge');
    ip('addr', 'add', `${this.address}/24`, 'dev', this.#word);
    ip('link', 'set', this.#word, 'up');
    process.once('exit', this.#closeNow);
  }

  /** This machine's interface in it: what hosts say to each other does not pass it. */
  get bridge(): string {
    return this.#word;
  }

  async add(name: string): Promise<StandInHost> {
    const number = this.hosts.length + 2;
    const net = `${this.#word}-${number}`;
    const [address, outer] = [`${this.#prefix}.${number}`, `${this.#word}v${number}`];
    ip('netns', 'add', net);
    ip('link', 'add', outer, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', net);
    ip('link', 'set', outer, 'master', this.#word, 'up');
    ip('-n', net, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    ip('-n', net, 'link', 'set', 'eth0', 'up');
    const holder = await hold();
    this.#holders.push(holder);
    const host = new StandInHost({ name, address, net, holder });
    this.hosts.push(host);
    await host.boot();
    return host;
  }

  async close(): Promise<void> {
    for (const host of this.hosts) await host.powerOff();
    this.#closeNow();
  }

  readonly #closeNow = (): void => {
    process.off('exit', this.#closeNow);
    for (const host of this.hosts) void host.powerOff();
    for (const holder of this.#holders) {
      holder.kill('SIGKILL');
      rmSync(dirname(rootOf(holder)), { recursive: true, force: true });
    }
    this.hosts.forEach((_, index) => spawnSync('ip', ['netns', 'del', `${this.#word}-${index + 2}`]));
    spawnSync('ip', ['link', 'del', this.#word]);
  };
}

/** Where a host's disk is seen in the mounts of its holder. */
function rootOf(holder: ChildProcess): string {
  return `/tmp/stand-in-${holder.pid}/root`;
}

/** A process that has a host's disk while the host is off: what is written lies in memory, over what this machine has. */
async function hold(): Promise<ChildProcess> {
  const script = `
    set -e
    folder=/tmp/stand-in-$$
    mkdir $folder
    mount -t tmpfs -o mode=755 stand-in $folder
    mkdir $folder/upper $folder/work $folder/root
    mount -t overlay overlay -o lowerdir=/,upperdir=$folder/upper,workdir=$folder/work $folder/root
    cd $folder/root
    # A machine of its own, that has no agent and no tenants of another test.
    tr -d - < /proc/sys/kernel/random/uuid > etc/machine-id
    rm -rf .${AGENT_HOME} root/.tandem-agent
    echo +0 > .${CLOCK_FILE}
    echo held
    exec sleep infinity`;
  const holder = spawn('setpriv', ['--pdeathsig=KILL', 'unshare', '--mount', '--propagation', 'private', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    holder.stdout!.once('data', () => resolve());
    holder.once('exit', () => reject(new Error('a stand-in host has no disk')));
  });
  return holder;
}

function ip(...words: readonly string[]): void {
  const { status, stderr } = spawnSync('ip', words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${words.join(' ')}: ${stderr}`);
}
