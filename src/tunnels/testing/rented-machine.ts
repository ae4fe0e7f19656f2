import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepNode } from './agents-house.ts';

/**
 * A delivered machine, as a stand-in: Linux, not macOS. It has network, mounts, processes, users and a machine-id of its own, and a real sshd
 * whose password or key the "provider" hands out. What `install.sh` starts there ends with it.
 */
export interface RentedMachine {
  readonly host: string;
  readonly user: 'root';
  readonly password: string;
  /** The line of known_hosts without the host. */
  readonly hostKey: string;
  /** A private key that may enter. */
  readonly keyFile: string;
  readonly home: string;
  /** Runs a command inside. */
  inside(command: string): string;
  /** As if the provider had reinstalled it: nothing of before is left, and it has another host key. */
  reinstall(): Promise<void>;
  stop(): Promise<void>;
}

const PASSWORD = 'first-password-of-the-stand-in';

/** Whether this machine can make one. */
export function canRent(): boolean {
  try {
    execFileSync('unshare', ['--mount', '--net', '--pid', '--uts', '--fork', '--mount-proc', 'sh', '-c', 'ip link set lo up && nft list ruleset && command -v sshd chpasswd >/dev/null || test -x /usr/sbin/sshd'], { stdio: 'ignore' });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

/** @param subnet the third byte of the two addresses, so that several can be there at once. */
export async function rentMachine(subnet: number): Promise<RentedMachine> {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-rented-'));
  const [outside, inner] = [`tdmo${subnet}`, `tdmi${subnet}`];
  const host = `10.213.${subnet}.2`;
  const home = join(folder, 'agent');
  const key = join(folder, 'key');
  keygen(key);
  let child: ChildProcess | undefined;
  let init = 0;

  const start = async (): Promise<void> => {
    for (const name of ['up', 'work', 'hostkey', 'hostkey.pub']) rmSync(join(folder, name), { recursive: true, force: true });
    mkdirSync(join(folder, 'up'));
    mkdirSync(join(folder, 'work'));
    rmSync(home, { recursive: true, force: true });
    keepNode(home);
    keygen(join(folder, 'hostkey'));
    writeFileSync(join(folder, 'boot.sh'), bootScript(folder, home, inner, host));
    execFileSync('ip', ['link', 'add', outside, 'type', 'veth', 'peer', 'name', inner]);
    execFileSync('ip', ['addr', 'add', `10.213.${subnet}.1/30`, 'dev', outside]);
    execFileSync('ip', ['link', 'set', outside, 'up']);
    child = spawn('unshare', ['--mount', '--net', '--pid', '--uts', '--fork', '--mount-proc', '--kill-child', 'sh', join(folder, 'boot.sh')], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr!.on('data', (chunk: Buffer) => { said += chunk.toString(); });
    init = await until(() => Number(readFileSync(`/proc/${child!.pid}/task/${child!.pid}/children`, 'utf8').trim()));
    execFileSync('ip', ['link', 'set', inner, 'netns', String(init)]);
    await until(() => (said.includes('Server listening') ? 1 : 0));
  };
  const end = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => { child!.once('close', () => resolve()); });
    child!.kill('SIGKILL');
    await closed;
    try {
      execFileSync('ip', ['link', 'del', outside], { stdio: 'ignore' });
    } catch {
      // It went with its other end.
    }
  };
  await start();
  return {
    host, user: 'root', password: PASSWORD, keyFile: key, home,
    get hostKey() {
      return readFileSync(join(folder, 'hostkey.pub'), 'utf8').trim().split(' ').slice(0, 2).join(' ');
    },
    inside: (command) => execFileSync('nsenter', ['-t', String(init), '-m', '-n', '-p', '-u', 'sh', '-c', command], { encoding: 'utf8' }),
    async reinstall() {
      await end();
      await start();
    },
    async stop() {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function bootScript(folder: string, home: string, inner: string, host: string): string {
  const settings = [
    `HostKey=${join(folder, 'hostkey')}`, 'Port=22', 'UsePAM=no', 'PermitRootLogin=yes', 'PasswordAuthentication=yes', 'PidFile=none', 'StrictModes=no', `AuthorizedKeysFile=${join(folder, 'key.pub')}`,
    `SetEnv=TANDEM_AGENT_HOME=${home} TANDEM_AGENT_STAND_IN=1`,
  ];
  return `set -e
mount -t overlay overlay -o lowerdir=/etc,upperdir=${folder}/up,workdir=${folder}/work /etc
head -c16 /dev/urandom | od -An -tx1 | tr -d ' \\n' > /etc/machine-id
hostname rented
ip link set lo up
until ip link show ${inner} >/dev/null 2>&1; do sleep 0.02; done
ip addr add ${host}/30 dev ${inner}
ip link set ${inner} up
echo 'root:${PASSWORD}' | chpasswd
mkdir -p /run/sshd
exec /usr/sbin/sshd -D -e -f /dev/null ${settings.map((one) => `-o '${one}'`).join(' ')}
`;
}

function keygen(path: string): void {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path]);
}

async function until(value: () => number): Promise<number> {
  for (let tries = 0; tries < 500; tries += 1) {
    try {
      const found = value();
      if (found > 0) return found;
    } catch {
      // Not yet.
    }
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
  throw new Error('the stand-in of a rented machine does not start');
}
