import type { RunCommand } from '../../machine/command.ts';
import { RANK_RANGE, rankAddress, type Ranks } from './addresses.ts';

/** Inside a lease alone: no tenant may listen below 1024, and nobody outside reaches it. */
const LISTEN_PORT = 1;
/** Has this rank's address. Programs that ask for an interface are told this one. */
const INTERFACE = 'ranks0';
/** From linux/in.h; both languages know it by its number alone. */
const IP_TRANSPARENT = 19;
const QUEUE = 512;
const NO_INTERPRETER = 'neither perl nor python3 is there, one of which opens a socket';

/**
 * Gives the network of a sandbox its rank's address, and leads what goes to another rank to one listening socket, whatever its port: the kernel takes all
 * addresses of the range for its own, and TPROXY (the kernel's Documentation/networking/tproxy.rst) hands over the connection as it was meant.
 * @param pid of a process in the lease's network. @throws Error saying what the machine lacks.
 */
export async function attachRanks(run: RunCommand, pid: number, { rank }: Ranks): Promise<void> {
  const inside = async (program: string, args: readonly string[], input?: string): Promise<void> => {
    const { code, err } = await run('nsenter', ['--target', String(pid), '--net', '--', program, ...args], input);
    if (code !== 0) throw new Error(`${program}: ${code === null ? 'it is not there' : err.trim().split('\n')[0]!.slice(0, 200)}`);
  };
  const own = rankAddress(rank);
  await inside('ip', ['link', 'add', INTERFACE, 'type', 'veth', 'peer', 'name', 'ranks1']);
  for (const name of [INTERFACE, 'ranks1']) await inside('ip', ['link', 'set', name, 'up']);
  await inside('ip', ['addr', 'add', `${own}/32`, 'dev', INTERFACE]);
  await inside('ip', ['route', 'add', 'local', RANK_RANGE, 'dev', 'lo', 'src', own, 'quickack', '1']);
  // As on the loopback interface: what joins a stream to a port there writes little by little (`confirmAtOnce`).
  await inside('ip', ['route', 'change', 'local', own, 'dev', INTERFACE, 'table', 'local', 'proto', 'kernel', 'scope', 'host', 'src', own, 'quickack', '1']);
  await inside('nft', ['-f', '-'], rankRules(own));
  if ((await interpreterHere(run)) === undefined) throw new Error(NO_INTERPRETER);
}

/** Takes it away again, also what is half there. Done twice it does nothing. */
export async function detachRanks(run: RunCommand, pid: number): Promise<void> {
  const inside = (program: string, ...args: string[]): Promise<unknown> => run('nsenter', ['--target', String(pid), '--net', '--', program, ...args]);
  await inside('ip', 'link', 'del', INTERFACE);
  await inside('ip', 'route', 'del', 'local', RANK_RANGE, 'dev', 'lo', 'table', 'local');
  await inside('nft', 'delete', 'table', 'ip', 'ranks');
}

/** What goes to another rank, by TCP and nothing else, comes to the one socket. */
function rankRules(own: string): string {
  return [
    'table ip ranks {', '  chain others {', '    type filter hook prerouting priority mangle; policy accept;', `    ip daddr ${own} accept`,
    `    ip daddr ${RANK_RANGE} meta l4proto tcp tproxy to :${LISTEN_PORT} accept`, `    ip daddr ${RANK_RANGE} drop`, '  }', '}', '',
  ].join('\n');
}

/** What of it this machine lacks; undefined: nothing. */
export async function lackForRanks(run: RunCommand): Promise<string | undefined> {
  const [nft, interpreter] = [await run('nft', ['-c', '-f', '-'], rankRules(rankAddress(0))), await interpreterHere(run)];
  if (nft.code === null) return 'nftables is not there';
  if (nft.code !== 0) return `the kernel takes no such rules: ${nft.err.trim().split('\n')[0]!.slice(0, 200)}`;
  return interpreter === undefined ? NO_INTERPRETER : undefined;
}

/**
 * A command that runs a program of this machine with one more file, the socket inside the lease that what goes to other ranks comes to: `--socket` and its number are
 * added to its words. Node can set no option of a socket, so perl or python3 opens it in the lease's network and becomes the program, back in the machine's own network.
 */
export async function withRankSocket(run: RunCommand, pid: number, command: readonly string[]): Promise<string[] | undefined> {
  const interpreter = await interpreterHere(run);
  if (interpreter === undefined) return undefined;
  return ['/bin/sh', '-c', 'exec 4</proc/self/ns/net; exec nsenter --net="/proc/$0/ns/net" -- "$@"', String(pid), ...interpreter, 'nsenter', '--net=/proc/self/fd/4', '--', ...command];
}

const PERL = `use Socket; $^F = 9; socket(my $s, PF_INET, SOCK_STREAM, 0) or die; setsockopt($s, 0, ${IP_TRANSPARENT}, 1) or die "transparent: $!"; setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1) or die;
bind($s, pack_sockaddr_in(${LISTEN_PORT}, INADDR_ANY)) or die "bind: $!"; listen($s, ${QUEUE}) or die; exec @ARGV, '--socket', fileno($s)`;
const PYTHON = `import os, socket, sys
s = socket.socket(); s.setsockopt(0, ${IP_TRANSPARENT}, 1); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('0.0.0.0', ${LISTEN_PORT})); s.listen(${QUEUE})
os.set_inheritable(s.fileno(), True); os.execvp(sys.argv[1], sys.argv[1:] + ['--socket', str(s.fileno())])`;

async function interpreterHere(run: RunCommand): Promise<string[] | undefined> {
  if ((await run('perl', ['-MSocket', '-e', '1'])).code === 0) return ['perl', '-e', PERL, '--'];
  return (await run('python3', ['-c', 'import socket'])).code === 0 ? ['python3', '-c', PYTHON] : undefined;
}
