import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findTrees, makeGroup, settings, type Trees } from './control-groups.ts';

// Lines as proc(5) and the kernel's documents of both versions describe them; the mixed one is of a machine with kernel 6.18.
const MIXED = [
  '30 24 0:26 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755', '31 30 0:27 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu', '34 30 0:30 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory',
  '38 30 0:34 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids', '40 30 0:36 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw',
].join('\n');
const UNIFIED = '28 22 0:25 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot';
const LIMITS = { cpuMillis: 1_500, memoryBytes: 2 ** 30, processes: 512, diskBytes: null };

test('each controller is bounded in the one version that has it, below the agent\'s own group', () => {
  expect(findTrees(MIXED, '8:pids:/\n4:memory:/a/b\n1:cpu:/\n0::/', () => '')).toEqual({ version: 1, folders: { cpu: '/sys/fs/cgroup/cpu', memory: '/sys/fs/cgroup/memory/a/b', processes: '/sys/fs/cgroup/pids' } });
  // No unit of leases is there: what is asked for is in the agent's own.
  const alone = (said: string) => (folder: string): string => (folder.includes('tandem-leases') ? '' : said);
  const own = '/sys/fs/cgroup/system.slice/tandem-agent.service';
  expect(findTrees(UNIFIED, '0::/system.slice/tandem-agent.service', alone('cpuset cpu io memory pids\n'))).toEqual({ version: 2, folders: { cpu: own, memory: own, processes: own } });
  // The agent has moved into a group of its own meanwhile; leases stand beside it.
  expect(findTrees(UNIFIED, '0::/system.slice/tandem-agent.service/tandem-agent', alone('memory'))).toEqual({ version: 2, folders: { memory: own } });
  // A container sees its own group as the root, or only its path on the machine.
  expect(findTrees(UNIFIED.replace(' / /sys', ' /docker/1 /sys'), '0::/docker/1', () => 'pids')?.folders.processes).toBe('/sys/fs/cgroup');
  expect(findTrees(UNIFIED, '0::/', () => 'rdma')).toBeUndefined();
  expect(findTrees('', '', () => '')).toBeUndefined();
});

// Recorded on a machine with Debian 12 and a kernel of its own (6.1.176, User Mode Linux, systemd 252), 2026-11-26: `/proc/self/mountinfo`, `/proc/PID/cgroup` of
// the agent and of the keeper of a lease, `cgroup.controllers` of the unit of leases.
const DEBIAN_12 = { mounts: '26 19 0:21 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot', agent: '0::/system.slice/tandem-agent.service\n', controllers: 'cpu io memory pids\n' };

test('under systemd leases are in a unit beside the agent\'s, which can start again while they run (recorded on Debian 12)', () => {
  const leases = '/sys/fs/cgroup/system.slice/tandem-leases.service';
  const asked: string[] = [];
  const trees = findTrees(DEBIAN_12.mounts, DEBIAN_12.agent, (folder) => {
    asked.push(folder);
    return DEBIAN_12.controllers;
  });
  expect(trees).toEqual({ version: 2, folders: { cpu: leases, memory: leases, processes: leases } });
  expect(new Set(asked)).toEqual(new Set([leases]));
});

// Recorded on a machine of a GPU cloud without systemd (Firecracker, kernel 6.18, Ubuntu 24.04), 2026-11-26.
const NO_SYSTEMD = '29 25 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot';

test('without systemd leases are at the top of the tree where the agent\'s own group lacks controllers', () => {
  const said = (folder: string): string => (folder === '/sys/fs/cgroup' ? 'cpuset cpu io memory pids\n' : folder.endsWith('/process_api') ? 'memory\n' : '');
  expect(findTrees(NO_SYSTEMD, '0::/process_api\n', said)?.folders).toEqual({ cpu: '/sys/fs/cgroup', memory: '/sys/fs/cgroup', processes: '/sys/fs/cgroup' });
  // Systemd's tree is its own, and a container's root is what it was given.
  expect(findTrees(NO_SYSTEMD, '0::/user.slice/process_api\n', said)?.folders).toEqual({ memory: '/sys/fs/cgroup/user.slice/process_api' });
  expect(findTrees(NO_SYSTEMD.replace(' / /sys', ' /pod /sys'), '0::/pod/process_api\n', said)?.folders).toEqual({ memory: '/sys/fs/cgroup/process_api' });
});

test('the top of the tree keeps its processes', () => {
  const tree = mkdtempSync(join(tmpdir(), 'tandem-groups-'));
  try {
    for (const [file, text] of [['cgroup.controllers', 'cpu memory pids\n'], ['cgroup.subtree_control', 'memory\n'], ['cgroup.procs', '1\n']] as const) writeFileSync(join(tree, file), text);
    expect(makeGroup({ version: 2, folders: { cpu: tree, memory: tree, processes: tree } }, 'lease', LIMITS).unbound).toEqual([]);
    expect([readFileSync(join(tree, 'cgroup.subtree_control'), 'utf8'), existsSync(join(tree, 'tandem-agent'))]).toEqual(['+cpu +memory +pids', false]);
  } finally {
    rmSync(tree, { recursive: true });
  }
});

test('version 2 as its document says it, on a folder in its place', () => {
  const tree = mkdtempSync(join(tmpdir(), 'tandem-groups-'));
  try {
    writeFileSync(join(tree, 'cgroup.subtree_control'), '\n');
    writeFileSync(join(tree, 'cgroup.procs'), '41\n');
    mkdirSync(join(tree, 'lease'));
    writeFileSync(join(tree, 'lease', 'memory.swap.max'), 'max\n');
    const trees: Trees = { version: 2, folders: { cpu: tree, memory: tree, processes: tree } };
    expect(makeGroup(trees, 'lease', LIMITS)).toEqual({ folders: [join(tree, 'lease')], unbound: [] });
    const read = (...path: string[]): string => readFileSync(join(tree, ...path), 'utf8');
    expect([read('cgroup.subtree_control'), read('tandem-agent', 'cgroup.procs')]).toEqual(['+cpu +memory +pids', '41']);
    expect(['cpu.max', 'memory.max', 'memory.swap.max', 'pids.max'].map((file) => read('lease', file))).toEqual(['150000 100000', String(2 ** 30), '0', '512']);
  } finally {
    rmSync(tree, { recursive: true });
  }
});

test('what has no controller is named, and what nobody bounds is not', () => {
  expect(makeGroup(undefined, 'lease', { ...LIMITS, cpuMillis: null }).unbound.map(({ what }) => what)).toEqual(['memory', 'processes']);
  expect(settings(1, 'memory', 5)).toEqual([['memory.limit_in_bytes', '5'], ['memory.memsw.limit_in_bytes?', '5']]);
});
