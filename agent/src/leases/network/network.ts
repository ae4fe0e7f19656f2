import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { RunCommand, Said } from '../../machine/command.ts';
import { parseRange, type Range } from './ranges.ts';
import { MOST_LINKS, guardRules, linkAt, rulesFor, type LeaseLink } from './rules.ts';
import type { NetworkWish } from './wish.ts';

/** All interfaces of leases begin with this. */
const LINKS = 'tnd';
const GUARDS = { 4: 'tandem_guard4', 6: 'tandem_guard6' } as const;
const FORWARDING = { 4: 'ipv4/ip_forward', 6: 'ipv6/conf/all/forwarding' } as const;

/**
 * Gives the network of a sandbox a way out, fenced by rules that stand before the way does. Everything goes with `removeNetwork`, and the
 * interfaces with the sandbox.
 * @param pid of a process in the lease's network. @param control hosts of the control plane. @throws Error saying what the machine lacks.
 */
export async function attachNetwork(run: RunCommand, pid: number, id: string, wish: NetworkWish, resolvers: readonly string[], control: readonly string[]): Promise<void> {
  const routes = await run('ip', ['-6', 'route', 'show', 'default']);
  if (routes.code === null) throw new Error('ip (iproute2) is not there');
  const six = routes.out.trim() !== '';
  const link = linkAt(await freeIndex(run, id), linkName(id), tableName(id), six);
  const controlPlane = await addressesOf(control);
  must('nft', await run('nft', ['-f', '-'], rulesFor(link, { allow: wish.allow.flatMap((text) => parseRange(text) ?? []), controlPlane, resolvers })));
  for (const family of six ? ([4, 6] as const) : ([4] as const)) await forward(run, family);
  await connect(run, pid, link);
}

/**
 * Has whatever listens inside confirm at once what comes over the loopback interface. What joins a stream to a port there is `cat`, whose small
 * writes wait for the confirmation of the one before (RFC 896), which the kernel holds back for 40 ms: a pointer on a screen would stutter. Where
 * it cannot be had, everything works, more slowly. @param pid of a process in the lease's network.
 */
export async function confirmAtOnce(run: RunCommand, pid: number): Promise<void> {
  for (const addresses of ['127.0.0.0/8', '127.0.0.1']) {
    await run('nsenter', ['--target', String(pid), '--net', '--', 'ip', 'route', 'change', 'local', addresses, 'dev', 'lo', 'table', 'local', 'proto', 'kernel', 'scope', 'host', 'src', '127.0.0.1', 'quickack', '1']);
  }
}

/** Takes away what a lease had, also what is half there. Done twice it does nothing. */
export async function removeNetwork(run: RunCommand, id: string): Promise<void> {
  await run('ip', ['link', 'del', linkName(id)]);
  await run('nft', ['delete', 'table', 'inet', tableName(id)]);
}

/** Which leases of a home have rules here. @param home its mark, as ids of leases begin with it. */
export async function leasesWithRules(run: RunCommand, home: string): Promise<string[]> {
  const { out } = await run('nft', ['list', 'tables', 'inet']);
  return [...out.matchAll(/^table inet tandem_([0-9a-f]{8})_([0-9a-f]{32})$/gm)].filter(([, mark]) => mark === home).map(([, , lease]) => `${home}_${lease}`);
}

async function connect(run: RunCommand, pid: number, { name, machine4, lease4, machine6, lease6 }: LeaseLink): Promise<void> {
  must('ip', await run('ip', ['link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid)]));
  const inside = async (...args: string[]): Promise<void> => must('ip', await run('nsenter', ['--target', String(pid), '--net', '--', 'ip', ...args]));
  const here = async (...args: string[]): Promise<void> => must('ip', await run('ip', args));
  await here('addr', 'add', `${machine4}/30`, 'dev', name);
  if (machine6 !== null) await here('-6', 'addr', 'add', `${machine6}/64`, 'dev', name, 'nodad');
  await here('link', 'set', name, 'up');
  await inside('addr', 'add', `${lease4}/30`, 'dev', 'eth0');
  if (lease6 !== null) await inside('-6', 'addr', 'add', `${lease6}/64`, 'dev', 'eth0', 'nodad');
  await inside('link', 'set', 'eth0', 'up');
  await inside('route', 'add', 'default', 'via', machine4);
  if (machine6 !== null) await inside('-6', 'route', 'add', 'default', 'via', machine6);
}

/** Has the kernel forward, and where it did not before, nothing but what leases send and get. */
async function forward(run: RunCommand, family: 4 | 6): Promise<void> {
  // The kernel's own files: `sysctl` is not on every machine, and takes the dot in a card's name for a folder.
  const is = async (name: string, value: string): Promise<boolean> => (await run('cat', [`/proc/sys/net/${name}`])).out.trim() === value;
  const set = async (name: string, value: string): Promise<void> => must(`writing ${name}`, await run('dd', [`of=/proc/sys/net/${name}`, 'status=none'], `${value}\n`));
  if (await is(FORWARDING[family], '1')) return;
  // Of two leases that begin at once both may put it up: the same rules twice.
  must('nft', await run('nft', ['-f', '-'], guardRules(family, GUARDS[family], LINKS)));
  if (family === 6) {
    // A machine that forwards believes no router's advertisements any more, and would lose its own way out.
    const cards = (await run('ls', ['/proc/sys/net/ipv6/conf'])).out.split('\n').filter((name) => /^\w[\w@.-]*$/.test(name) && name !== 'all' && !name.startsWith(LINKS));
    for (const card of cards) if (await is(`ipv6/conf/${card}/accept_ra`, '1')) await set(`ipv6/conf/${card}/accept_ra`, '2');
  }
  await set(FORWARDING[family], '1');
}

/** A place for a link that no interface has, begun at another for each lease, so that two that ask at once seldom meet. */
async function freeIndex(run: RunCommand, id: string): Promise<number> {
  const { out } = await run('ip', ['-4', '-o', 'addr', 'show']);
  const taken = new Set([...out.matchAll(/\b100\.127\.(\d+)\.(\d+)\//g)].map(([, third, last]) => (Number(third) << 6) | (Number(last) >> 2)));
  const first = Number.parseInt(id.slice(-6), 16) % MOST_LINKS;
  for (let step = 0; step < MOST_LINKS; step += 1) if (!taken.has((first + step) % MOST_LINKS)) return (first + step) % MOST_LINKS;
  throw new Error('no address for a link is free');
}

/** A name that cannot be resolved has no address that a lease could reach by it. */
async function addressesOf(hosts: readonly string[]): Promise<Range[]> {
  const found = await Promise.all(hosts.map(async (host) => (isIP(host) === 0 ? (await lookup(host, { all: true }).catch(() => [])).map(({ address }) => address) : [host])));
  return [...new Set(found.flat())].flatMap((address) => parseRange(address) ?? []);
}

/** Of a lease's way out, on the machine. */
export function linkName(id: string): string {
  // Names of interfaces have 15 letters; the end of an id is chance.
  return `${LINKS}${id.slice(-12)}`;
}

function tableName(id: string): string {
  return `tandem_${id}`;
}

function must(what: string, { code, err }: Said): void {
  if (code === 0) return;
  throw new Error(code === null ? `${what} is not there` : `${what}: ${err.trim().split('\n')[0]!.slice(0, 200)}`);
}
