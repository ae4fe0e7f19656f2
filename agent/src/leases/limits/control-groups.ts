import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Limits, Unbound } from './limits.ts';

export type Controller = 'cpu' | 'memory' | 'processes';

/** Where groups of this machine's leases may be made: version 1 has a tree for each controller, version 2 one for all. */
export interface Trees {
  readonly version: 1 | 2;
  /** The agent's own group in each tree: what bounds the agent as a whole bounds its leases too. */
  readonly folders: Readonly<Partial<Record<Controller, string>>>;
}

/** The groups of one lease. */
export interface Group {
  /** Folders whose `cgroup.procs` a process writes itself into to be bounded. */
  readonly folders: readonly string[];
  readonly unbound: readonly Unbound[];
}

/** As the kernel names controllers. */
const NAMES: Readonly<Record<Controller, string>> = { cpu: 'cpu', memory: 'memory', processes: 'pids' };
const CONTROLLERS: readonly Controller[] = ['cpu', 'memory', 'processes'];
const PERIOD_US = 100_000;
/** Version 2 lets no group have both processes and groups that are bounded: the agent goes into one of its own. */
const AGENT_GROUP = 'tandem-agent';
/**
 * Under systemd leases are in a unit of their own beside the agent's (`launch.sh`): before its version 254 systemd starts a service in the unit's
 * own group, which the kernel refuses while groups below that one are bounded, so an agent with leases could never start again.
 */
const SYSTEMD_GROUP = /\.(?:slice|service|scope)(?:\/|$)/;
const [AGENT_UNIT, LEASES_UNIT] = [/\/tandem-agent\.service$/, '/tandem-leases.service'];

/**
 * @param mounts of `/proc/self/mountinfo`. @param own of `/proc/self/cgroup`. @param controllers what version 2's tree can bound, as the file
 * `cgroup.controllers` in a folder says; empty where there is no such folder. A controller is in one of the two versions alone, and version 1 comes first, since a machine that has
 * both keeps its controllers there.
 */
export function findTrees(mounts: string, own: string, controllers: (folder: string) => string): Trees | undefined {
  const found = readMounts(mounts);
  const paths = new Map(own.split('\n').flatMap((line) => {
    const [, names, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    return names === undefined || path === undefined ? [] : names.split(',').map((name): [string, string] => [name, path]);
  }));
  const first = CONTROLLERS.flatMap((controller): [Controller, string][] => {
    const mount = found.find(({ type, options }) => type === 'cgroup' && options.includes(NAMES[controller]));
    return mount === undefined ? [] : [[controller, below(mount, paths.get(NAMES[controller]))]];
  });
  if (first.length > 0) return { version: 1, folders: Object.fromEntries(first) };
  const mount = found.find(({ type }) => type === 'cgroup2');
  if (mount === undefined) return undefined;
  const ours = below(mount, paths.get('')).replace(new RegExp(`/${AGENT_GROUP}$`), '');
  const beside = ours.replace(AGENT_UNIT, LEASES_UNIT);
  const listed = (folder: string): string[] => controllers(folder).trim().split(/\s+/);
  const hasAll = (folder: string): boolean => CONTROLLERS.every((controller) => listed(folder).includes(NAMES[controller]));
  const near = controllers(beside) === '' ? ours : beside;
  // Whoever started the agent may have kept controllers from its group. Without systemd, which is alone with its tree, leases then are at the top of it.
  const folder = mount.root === '/' && !SYSTEMD_GROUP.test(ours) && !hasAll(near) && hasAll(mount.point) ? mount.point : near;
  const can = listed(folder);
  const second = CONTROLLERS.filter((controller) => can.includes(NAMES[controller])).map((controller): [Controller, string] => [controller, folder]);
  return second.length === 0 ? undefined : { version: 2, folders: Object.fromEntries(second) };
}

/** The trees of this machine; undefined: it has none. */
export function treesHere(): Trees | undefined {
  try {
    return findTrees(readFileSync('/proc/self/mountinfo', 'utf8'), readFileSync('/proc/self/cgroup', 'utf8'), controllersOf);
  } catch {
    return undefined;
  }
}

function controllersOf(folder: string): string {
  try {
    return readFileSync(join(folder, 'cgroup.controllers'), 'utf8');
  } catch {
    return '';
  }
}

/** Where the groups of a lease will be, before they are made: so that whoever comes after a crash knows what to take away. */
export function groupFolders(trees: Trees | undefined, name: string): string[] {
  return [...new Set(Object.values(trees?.folders ?? {}))].map((folder) => join(folder, name));
}

/** Makes a lease's groups. What the machine cannot bound is named, and the lease goes on without it. @param name of nobody else here. */
export function makeGroup(trees: Trees | undefined, name: string, limits: Limits): Group {
  const wanted: Readonly<Record<Controller, number | null>> = { cpu: limits.cpuMillis, memory: limits.memoryBytes, processes: limits.processes };
  const unbound: Unbound[] = [];
  const folders = new Set<string>();
  for (const controller of CONTROLLERS) {
    const most = wanted[controller];
    const tree = trees?.folders[controller];
    if (tree === undefined) {
      if (most !== null) unbound.push({ what: controller, why: `the kernel gives the agent no control group for ${NAMES[controller]}` });
      continue;
    }
    const folder = join(tree, name);
    try {
      if (trees!.version === 2) openTree(tree, Object.keys(trees!.folders) as Controller[]);
      mkdirSync(folder, { recursive: true });
      // Without a limit too: what the lease uses is counted there, and its processes are found there.
      folders.add(folder);
      if (most !== null) for (const [file, value] of settings(trees!.version, controller, most)) write(join(folder, file), value);
    } catch (error) {
      unbound.push({ what: controller, why: `its control group could not be made: ${(error as Error).message.slice(0, 200)}` });
    }
  }
  return { folders: [...folders], unbound };
}

/** What is written to which file, in this order. */
export function settings(version: 1 | 2, controller: Controller, most: number): [file: string, value: string][] {
  switch (controller) {
    case 'cpu': {
      const quota = String(Math.max(1_000, Math.round((most * PERIOD_US) / 1_000)));
      return version === 1 ? [['cpu.cfs_period_us', String(PERIOD_US)], ['cpu.cfs_quota_us', quota]] : [['cpu.max', `${quota} ${PERIOD_US}`]];
    }
    // Swap counts as memory: a lease would else fill the machine's.
    case 'memory': return version === 1 ? [['memory.limit_in_bytes', String(most)], ['memory.memsw.limit_in_bytes?', String(most)]] : [['memory.max', String(most)], ['memory.swap.max?', '0']];
    case 'processes': return [['pids.max', String(most)]];
  }
}

/** A name with a question mark is written where it is there: kernels without swap have no file for it. */
function write(path: string, value: string): void {
  const file = path.replace(/\?$/, '');
  if (file === path || existsSync(file)) writeFileSync(file, value);
}

/** Version 2: moves what is in the tree's own group out of the way, and has groups below it bounded. */
function openTree(tree: string, controllers: readonly Controller[]): void {
  const open = join(tree, 'cgroup.subtree_control');
  const names = controllers.map((controller) => NAMES[controller]);
  const has = readFileSync(open, 'utf8').trim().split(/\s+/);
  if (names.every((name) => has.includes(name))) return;
  if (isTop(tree)) return writeFileSync(open, names.map((name) => `+${name}`).join(' '));
  const own = join(tree, AGENT_GROUP);
  mkdirSync(own, { recursive: true });
  for (const pid of readFileSync(join(tree, 'cgroup.procs'), 'utf8').split('\n').filter((line) => line !== '')) writeFileSync(join(own, 'cgroup.procs'), pid);
  writeFileSync(open, names.map((name) => `+${name}`).join(' '));
}

/** Only the machine's first group has no type; it may have processes beside groups that are bounded (kernel, "Control Group v2", "No Internal Process Constraint"). */
function isTop(tree: string): boolean {
  return existsSync(join(tree, 'cgroup.controllers')) && !existsSync(join(tree, 'cgroup.type'));
}

interface Mount {
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

function readMounts(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [, root, point, type, options] = /^\d+ \d+ \S+ (\S+) (\S+) .*? - (\S+) \S+ (\S+)$/.exec(line) ?? [];
    return type === 'cgroup' || type === 'cgroup2' ? [{ root: root!, point: point!, type, options: options!.split(',') }] : [];
  });
}

/** The own group's folder: in a container the mount may begin below the root that paths count from. */
function below({ root, point }: Mount, path = '/'): string {
  const rest = root === '/' ? path : path === root || path.startsWith(`${root}/`) ? path.slice(root.length) : '/';
  return rest === '/' || rest.includes('..') ? point : join(point, rest);
}
