import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One way to reach the node by SSH: the words before the command. */
export interface Way {
  readonly name: string;
  readonly ssh: readonly string[];
}

/** Two machines on one: the node is a network namespace with a link to this one, whose rate can be set. */
export class Link {
  readonly space: string;
  static readonly here = '10.213.7.1';
  static readonly there = '10.213.7.2';

  constructor(space: string) {
    this.space = space;
    const [near, far] = [`${space}-h`, `${space}-n`];
    ip('netns', 'add', space);
    ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', space);
    ip('addr', 'add', `${Link.here}/30`, 'dev', near);
    ip('link', 'set', near, 'up');
    ip('-n', space, 'addr', 'add', `${Link.there}/30`, 'dev', far);
    ip('-n', space, 'link', 'set', far, 'up');
    ip('-n', space, 'link', 'set', 'lo', 'up');
  }

  /** The same rate both ways. */
  shape(rate: string): void {
    const rule = (dev: string): string[] => ['qdisc', 'replace', 'dev', dev, 'root', 'tbf', 'rate', rate, 'burst', '256kb', 'latency', '20ms'];
    must('tc', rule(`${this.space}-h`));
    must('tc', ['-n', this.space, ...rule(`${this.space}-n`)]);
  }

  /** A command as the node runs it. */
  onNode(...command: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.space, ...command];
  }

  remove(): void {
    spawnSync('ip', ['netns', 'del', this.space]);
  }
}

/** An sshd of OpenSSH's own, with one key that may come in. Returns the command that runs it. */
export function sshdCommand(folder: string, port: number, address: string, publicKey: string): string[] {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  mkdirSync('/run/sshd', { recursive: true });
  must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'host')]);
  writeFileSync(join(folder, 'keys'), readFileSync(publicKey));
  writeFileSync(join(folder, 'config'), `Port ${port}\nListenAddress ${address}\nHostKey ${join(folder, 'host')}\nAuthorizedKeysFile ${join(folder, 'keys')}\nPermitRootLogin yes\nStrictModes no\nUsePAM no\nPidFile none\nGatewayPorts no\nLogLevel ERROR\n`);
  return ['/usr/sbin/sshd', '-D', '-e', '-f', join(folder, 'config')];
}

export interface Transfer {
  /** From the command to the first word of the other side. */
  readonly loginSeconds: number;
  /** From there to the end. */
  readonly seconds: number;
}

/** Some bytes to the node (`up`) or from it, over a session that is logged in when they begin. @param begun called then. */
export async function transfer({ ssh }: Way, bytes: number, direction: 'up' | 'down', begun: () => void): Promise<Transfer> {
  const started = performance.now();
  const [program, ...args] = ssh;
  const source = direction === 'down' ? undefined : spawn('sh', ['-c', `read go; exec head -c ${bytes} /dev/zero`], { stdio: ['pipe', 'pipe', 'ignore'] });
  const command = direction === 'down' ? `exec head -c ${bytes} /dev/zero` : 'exec cat > /dev/null';
  const session = spawn(program!, [...args, `echo in >&2; ${command}`], { stdio: [source?.stdout ?? 'ignore', 'ignore', 'pipe'] });
  let inMs = 0;
  session.stderr!.once('data', () => {
    begun();
    inMs = performance.now();
    source?.stdin!.write('go\n');
  });
  await ended(session);
  return { loginSeconds: (inMs - started) / 1_000, seconds: (performance.now() - inMs) / 1_000 };
}

/** Milliseconds from a byte sent to the same byte back, many times on one session. */
export async function roundTrips({ ssh }: Way, count: number): Promise<number[]> {
  const [program, ...args] = ssh;
  const child = spawn(program!, [...args, 'cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const times: number[] = [];
  const next = (): Promise<void> => new Promise((resolve) => {
    const started = performance.now();
    child.stdout.once('data', () => {
      times.push(performance.now() - started);
      resolve();
    });
    child.stdin.write('x');
  });
  for (let turn = 0; turn < count + 20; turn += 1) await next();
  child.stdin.end();
  await ended(child);
  return times.slice(20);
}

/** Seconds of CPU that a process and its threads have used. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024;
}

function ended(child: ReturnType<typeof spawn>): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`${child.spawnargs.join(' ')} ended with ${code}`))));
  });
}

function ip(...args: readonly string[]): void {
  must('ip', args);
}

function must(program: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}
