import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Debian 12; another one by hand, such as `VM_DEBIAN=trixie npm run test:real -- vm`. */
const SUITE = process.env['VM_DEBIAN'] ?? 'bookworm';
const MIRROR = 'http://deb.debian.org/debian';
/** What a small server of Debian has, and what the doctor of the agent asks for. */
const PACKAGES = ['systemd', 'systemd-sysv', 'dbus', 'udev', 'kmod', 'iproute2', 'nftables', 'e2fsprogs', 'procps', 'curl', 'ca-certificates', 'openssh-server', 'openssh-client', 'bubblewrap'];
/** Debian's package of User Mode Linux: the kernel is a program, its modules are beside it. */
const KERNEL_MODULES = '/usr/lib/uml/modules';
const DISK = '16G';

/** Address and who may enter as root come with the words of the kernel's start, so that one image serves runs side by side. */
const FILES: Readonly<Record<string, string>> = {
  'etc/hostname': 'debian\n',
  'etc/hosts': '127.0.0.1 localhost debian\n',
  'etc/fstab': '/dev/ubda / ext4 errors=remount-ro 0 1\n',
  'etc/ssh/sshd_config.d/machine.conf': 'PermitRootLogin prohibit-password\nAuthorizedKeysFile /run/machine/keys\nUseDNS no\nMaxSessions 100\nMaxStartups 100\n',
  'etc/systemd/system/machine-network.service': `[Unit]
Description=The address of this machine, and who may enter it
Before=network.target ssh.service
Wants=network.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh /usr/local/sbin/machine-network

[Install]
WantedBy=multi-user.target
`,
  'usr/local/sbin/machine-network': `set -eu
said() { tr ' ' '\\n' < /proc/cmdline | sed -n "s/^machine\\.$1=//p"; }
mkdir -p /run/machine
echo "ssh-ed25519 $(said key)" > /run/machine/keys
ip addr add "$(said address)" dev vec0
ip link set vec0 up
`,
};
/** Run in the image: no service of it waits for what is not there. */
const FINISH = 'systemctl enable -q machine-network ssh && systemctl mask -q systemd-networkd-wait-online systemd-timesyncd apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap getty@tty1 serial-getty@ttyS0 && : > /etc/machine-id';

/** As tests name it. */
export const machineName = `${SUITE === 'bookworm' ? 'Debian 12' : `Debian ${SUITE}`} as User Mode Linux, no Mac`;

/** Why there can be no such machine here; undefined: there can. */
export const noMachine = ((): string | undefined => {
  if (process.platform !== 'linux' || process.arch !== 'x64' || process.getuid?.() !== 0) return 'it needs Linux on x86-64 and root';
  const missing = ['linux.uml', 'mmdebstrap', 'mke2fs', 'ip', 'ssh', 'ssh-keygen', 'ethtool'].filter((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0);
  if (missing.length > 0) return `these programs are missing: ${missing.join(', ')}`;
  return existsSync('/dev/net/tun') ? undefined : 'there is no /dev/net/tun';
})();

/**
 * A disk with Debian on it, made once for each recipe and kernel, and kept outside of the tree. Nobody writes to it: machines write what they change beside it.
 * @returns its path. @throws Error with the last words of what failed.
 */
export async function debianImage(): Promise<string> {
  const kernels = readdirSync(KERNEL_MODULES);
  const key = createHash('sha256').update(JSON.stringify([SUITE, MIRROR, PACKAGES, kernels, DISK, FILES, FINISH])).update(readFileSync(import.meta.filename)).digest('hex').slice(0, 16);
  const caches = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tandem-tests');
  const kept = join(caches, `debian-${key}.ext4`);
  if (existsSync(kept)) return kept;
  mkdirSync(caches, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'tandem-debian-'));
  // Made aside and moved when it is whole, so that a run that is ended leaves no half of it.
  const making = `${kept}-${process.pid}`;
  try {
    const root = join(folder, 'root');
    const fetched = (): Promise<string> => ran('mmdebstrap', ['--quiet', '--mode=root', '--variant=minbase', `--include=${PACKAGES.join(',')}`, '--aptopt=Acquire::Retries "5"', '--aptopt=Acquire::Languages "none"', '--dpkgopt=force-unsafe-io', '--dpkgopt=path-exclude=/usr/share/doc/*', '--dpkgopt=path-exclude=/usr/share/man/*', '--dpkgopt=path-exclude=/usr/share/locale/*', SUITE, root, MIRROR]);
    // A mirror that does not answer now and then is no fault of ours.
    await fetched().catch(() => {
      rmSync(root, { recursive: true, force: true });
      return fetched();
    });
    cpSync(KERNEL_MODULES, join(root, 'usr/lib/modules'), { recursive: true });
    for (const [path, text] of Object.entries(FILES)) {
      mkdirSync(join(root, path, '..'), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    await ran('chroot', [root, 'sh', '-c', FINISH]);
    await ran('mke2fs', ['-q', '-t', 'ext4', '-E', 'lazy_itable_init=1,root_owner=0:0', '-d', root, making, DISK]);
    renameSync(making, kept);
    return kept;
  } finally {
    rmSync(making, { force: true });
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs it and waits, without holding up whoever else waits for this process. */
export function ran(program: string, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => { said.out += chunk.toString(); });
    child.stderr.on('data', (chunk: Buffer) => { said.err += chunk.toString(); });
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve(said.out) : reject(new Error(`${program} ended with ${code}: ${said.err.slice(-2_000)}`))));
  });
}
