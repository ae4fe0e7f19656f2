import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { api } from '../acceptance/support/api.ts';
import { stopEverything } from '../acceptance/support/program.ts';
import { VmHouse } from './vm/house.ts';
import { machineName, noMachine } from './vm/image.ts';
import { typedInTerminal } from './vm/page.ts';

/*
 * A machine with a kernel of its own, as somebody has it who pastes the line: Debian 12 under systemd, with control groups, a disk, a boot id and
 * power to cut. Its kernel is User Mode Linux, a program of this machine. There is one machine, which each test has after the one before it.
 */

/** Each of these takes seconds; a busy machine takes many times that. */
const LONG = 600_000;
const MIB = 2 ** 20;
const BOUNDS = { cpus: 0.5, 'memory-mb': 128, processes: 130, 'disk-mb': 64 };
const AGENT = '/var/lib/tandem-agent';

if (noMachine !== undefined) console.log(`The machine with a kernel of its own is left out: ${noMachine}.`);

describe.runIf(noMachine === undefined)(machineName, () => {
  let house: VmHouse;
  /** The lease that most of it is about. */
  let lease: string;
  let first: string;

  beforeAll(async () => {
    house = await VmHouse.open((releases) => {
      first = releases.first('1.0.0');
      return first;
    });
  }, 900_000);
  afterAll(async () => {
    await house?.close();
    stopEverything();
  }, 120_000);

  const asRoot = async (line: string): Promise<string> => {
    const { code, out, err } = await house.machine.run(line);
    expect(code, `${line}: ${out}${err}`).toBe(0);
    return out.trim();
  };
  const inLease = (line: string) => house.tandem('ssh', lease, '--', line);
  const timed = async <T>(what: string, work: Promise<T>): Promise<T> => {
    const fromMs = performance.now();
    const done = await work;
    console.log(`${what}: ${((performance.now() - fromMs) / 1_000).toFixed(1)} s`);
    return done;
  };
  /** A file of the lease's control group, as the machine has it. */
  const group = (file: string): Promise<string> => asRoot(`cat /sys/fs/cgroup/system.slice/tandem-leases.service/*${lease}/${file}`);
  const limits = (): Promise<string[]> => Promise.all(['memory.max', 'memory.swap.max', 'cpu.max', 'pids.max'].map(group));
  const LIMITS = [String(BOUNDS['memory-mb'] * MIB), '0', '50000 100000', String(BOUNDS.processes)];
  const connected = (version: string) => house.until(`the agent ${version} is connected`, () => house.node(), (node) => node?.connected === true && node.agentVersion === version);
  const journal = (): Promise<string> => asRoot('journalctl -u tandem-agent --no-pager -o cat');

  it('becomes a node by the line that is pasted, and says what it can and cannot do', async () => {
    const { line } = await api<{ line: string }>(house.program, 'POST', '/api/nodes', { name: 'debian' });
    const node = await timed('pasted to usable', house.machine.run(line, LONG).then((pasted) => {
      expect(pasted).toMatchObject({ code: 0, out: expect.stringContaining('It runs as the service tandem-agent.') as string });
      return house.until('the node is ready', () => house.node(), (one) => one?.state === 'ready' && 'cpu' in one.inventory);
    }));
    expect(node).toMatchObject({ standIn: false, agentVersion: '1.0.0', inventory: { platform: 'linux-x64', cpu: { cores: 1 } } });
    const { checks } = await api<{ checks: { id: string; state: string; detail: string }[] }>(house.program, 'POST', `/api/nodes/${node!.id}/doctor`);
    expect(Object.fromEntries(checks.map(({ id, state }) => [id, state]))).toEqual({ disk: 'pass', user: 'pass', sandbox: 'pass', ssh: 'pass', screen: 'warn', limits: 'pass', 'disk-limit': 'pass', network: 'warn', ranks: 'warn', 'ranks-direct': 'warn', gpus: 'pass' });
    expect(checks.find(({ id }) => id === 'limits')!.detail).toContain('version 2');
    // Debian's kernel for User Mode Linux has no such families of nf_tables: there is no way out to try here, and none to other ranks.
    expect(checks.find(({ id }) => id === 'network')!.detail).toContain('leases reach themselves alone');
  }, LONG);

  it('bounds a lease by control groups of its own, and lets its tenant in by SSH', async () => {
    await house.terms(BOUNDS);
    lease = await timed('lease asked for to running', house.leased('first'));
    const entered = await timed('tandem ssh', inLease('id -un; uname -r; echo what was here > file'));
    expect(entered).toMatchObject({ code: 0, out: expect.stringMatching(/^tenant\n6\.1\.\S+\n$/) as string });
    expect(await limits()).toEqual(LIMITS);
    expect((await house.lease(lease)).machines[0]!.bounds).toMatchObject({ network: 'loopback', limits: { memoryBytes: BOUNDS['memory-mb'] * MIB, processes: BOUNDS.processes, diskBytes: BOUNDS['disk-mb'] * MIB, cpuMillis: 500 }, unbound: [{ what: 'network' }] });
  }, LONG);

  it('ends a program that asks for more memory than the lease has, and nothing else', async () => {
    const hog = await inLease(`head -c ${2 * BOUNDS['memory-mb'] * MIB} /dev/zero | tail; echo ended "\${PIPESTATUS[1]}"`);
    expect(hog.out, hog.err).toBe('ended 137\n');
    expect(await group('memory.events')).toContain('oom_kill 1');
    expect(await inLease('cat file')).toMatchObject({ code: 0, out: 'what was here\n' });
    expect(Number(/^nr_throttled (\d+)$/m.exec(await group('cpu.stat'))![1])).toBeGreaterThan(0);
  }, LONG);

  it('gives a lease no more processes than it may have, and has some for the agent', async () => {
    const { err } = await inLease(`sh -c 'for i in $(seq ${BOUNDS.processes + 20}); do sleep 1000 > /dev/null 2>&1 & done'`);
    expect(err).toMatch(/Cannot fork|Resource temporarily unavailable/);
    expect(Number(/^max (\d+)$/m.exec(await group('pids.events'))![1])).toBeGreaterThan(0);
    expect(Number(await group('pids.current'))).toBeLessThanOrEqual(BOUNDS.processes);
    expect(await house.tandem('node', 'doctor', 'debian')).toMatchObject({ out: expect.stringContaining('bubblewrap starts sandboxes') as string });
    await asRoot('pkill -f "^sleep 1000$"');
    expect(await inLease('cat file')).toMatchObject({ code: 0, out: 'what was here\n' });
  }, LONG);

  it('has a full disk for that lease alone', async () => {
    const full = await inLease(`head -c ${2 * BOUNDS['disk-mb'] * MIB} /dev/zero > hog; echo ended $?; rm hog; cat file`);
    expect(full).toMatchObject({ out: 'ended 1\nwhat was here\n', err: expect.stringContaining('No space left on device') as string });
    expect(Number(await asRoot('df --output=avail -B1 / | tail -1'))).toBeGreaterThan(5_000 * MIB);
  }, LONG);

  it('keeps lease, limits and an open session when its service is started again', async () => {
    const before = await asRoot(`cat ${AGENT}/agent.pid`);
    const session = house.session('ssh', lease, '--', 'echo here; read word; echo "heard $word"');
    await house.until('the session is open', async () => session.out, (out) => out === 'here\n');
    // Beside it, how long a release on trial has: it is asked for below.
    await asRoot('mkdir -p /etc/systemd/system/tandem-agent.service.d && printf "[Service]\\nEnvironment=TANDEM_AGENT_TRIAL_SECONDS=300\\n" > /etc/systemd/system/tandem-agent.service.d/trial.conf && systemctl daemon-reload && systemctl restart tandem-agent');
    await house.until('another agent answers', async () => `${await asRoot(`cat ${AGENT}/agent.pid`)} ${(await house.tandem('node', 'doctor', 'debian')).code}`, (seen) => !seen.startsWith(`${before} `) && seen.endsWith(' 0'));
    session.type('me\n');
    expect(await session.ended).toMatchObject({ code: 0, out: 'here\nheard me\n' });
    expect(await limits()).toEqual(LIMITS);
    expect(await house.lease(lease)).toMatchObject({ state: 'running' });
    expect(await asRoot('systemctl is-active tandem-agent tandem-leases')).toBe('active\nactive');
  }, LONG);

  it('has a terminal for a page', async () => {
    const { shown, code } = await typedInTerminal(house.program, lease, 'stty size; cat file; exit 4\n');
    expect(code, shown).toBe(4);
    expect(shown).toContain('30 100\r\nwhat was here\r\n');
  }, LONG);

  it('brings itself to another release, and back from one that does not report', async () => {
    await house.serve(house.releases.make('1.1.0', { from: first }));
    await timed('server started again with another release to its agent', connected('1.1.0'));
    await asRoot('sed -i s/=300/=5/ /etc/systemd/system/tandem-agent.service.d/trial.conf && systemctl daemon-reload && systemctl restart tandem-agent');
    await connected('1.1.0');
    // It starts, and never connects.
    await house.serve(house.releases.make('1.2.0', { from: first, change: (source) => appendFileSync(join(source, 'src/run.ts'), '\nawait new Promise(() => { setInterval(() => {}, 1_000); });\n') }));
    await house.until('it is gone back', journal, (said) => said.includes('the new release did not report; the one before it runs again'));
    await connected('1.1.0');
    await house.until('the other one is left', journal, (said) => said.includes('it was tried and did not report'));
    expect(await house.lease(lease)).toMatchObject({ state: 'running' });
    expect(await limits()).toEqual(LIMITS);
    expect(await inLease('cat file')).toMatchObject({ code: 0, out: 'what was here\n' });
  }, LONG);

  it('runs the lease again after its power was cut, with limits and files', async () => {
    const boot = await asRoot('cat /proc/sys/kernel/random/boot_id');
    await asRoot('sync');
    await house.machine.cutPower();
    await timed('power on to root', house.machine.start());
    expect(await asRoot('cat /proc/sys/kernel/random/boot_id')).not.toBe(boot);
    await timed('root to the lease', house.until('the lease runs again', () => inLease('cat file'), ({ out }) => out === 'what was here\n'));
    expect(await limits()).toEqual(LIMITS);
    expect(await house.lease(lease)).toMatchObject({ state: 'running', minutes: { outOfReach: expect.any(Number) as number } });
  }, LONG);

  it('keeps a home as a volume, and runs a job on it', async () => {
    expect(await house.tandem('leases', 'keep', lease, 'kept')).toMatchObject({ code: 0 });
    expect(await timed('ended to wiped', house.ended(lease))).toMatchObject({ state: 'ended' });
    const job = await house.asked('job', { volume: 'kept', access: 'job', job: { command: ['sh', '-c', 'cat file; id -un; exit 6'] } });
    expect(await house.until('the job has ended', () => house.lease(job), ({ state }) => state === 'ended')).toMatchObject({ job: { state: 'ended', exitCode: 6 } });
    expect(await house.tandem('leases', 'logs', job)).toMatchObject({ out: 'what was here\ntenant\n' });
    expect(await house.tandem('volumes', 'delete', 'kept')).toMatchObject({ code: 0 });
    await house.until('the volume is gone', () => asRoot(`ls ${AGENT}/volumes 2>/dev/null || true`), (left) => left === '');
  }, LONG);

  it('has nothing left of leases that are over, and lets nobody take it for a node once it is removed', async () => {
    const { items } = await api<{ items: { of: string; clean: boolean; canaries: { found: string[] }; unchecked: string[] }[] }>(house.program, 'GET', `/api/leases/${lease}/wipe-certificates`);
    expect(items.filter((wipe) => wipe.of === 'this')).toMatchObject([{ clean: true, canaries: { found: [] } }]);
    // What the agent knows of fences and certificates stays; folders, groups, loop devices, files and processes of leases' users do not.
    expect(await asRoot(`ls ${AGENT}/leases; find /sys/fs/cgroup -name '*-????-7???-*'; losetup -a; find / -xdev -uid +999999999; ps -eo uid=,args= | awk '$1 > 999999999'; ls /home`)).toBe('fence\nreports');
    expect(await house.tandem('node', 'remove', 'debian')).toMatchObject({ code: 0 });
    await house.until('the agent is refused', journal, (said) => said.includes('the node was removed'));
    expect(await asRoot('systemctl is-active tandem-agent')).toBe('active');
  }, LONG);
});
