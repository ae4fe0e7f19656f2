import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { homeAt, type Home } from '../../state/home.ts';
import { canSandbox } from '../../testing/can-sandbox.ts';
import { insideOf, runInLease } from '../../testing/run-in-lease.ts';
import { StandInWorld, WORLD } from '../../testing/stand-in-world.ts';
import type { Bounds } from '../bounds.ts';
import { readRecords } from '../record.ts';

const id = (end: string): string => `0192f0c1-7a00-7000-8000-0000000000${end}`;
const [A, B, C, D] = ['a1', 'b1', 'c1', 'd1'].map(id) as [string, string, string, string];
const OUT = { out: true, allow: [], deny: [], resolvers: [...WORLD.resolver] };

describe.runIf(canSandbox)('what a lease may reach (stand-ins for the internet, metadata, private networks and the control plane)', () => {
  let world: StandInWorld;
  let home: Home;
  let fence = 0;
  const grant = (lease: string, network: object): Bounds => world.ask(home.root, 'grant', { lease, fence: String((fence += 1)), units: [lease], network })['bounds'] as Bounds;
  /** What answered at an address, or why nothing did. */
  const reach = async (lease: string, address: string, port = 80): Promise<string> => {
    const { out, err } = await runInLease(home, lease, `timeout 5 bash -c 'exec 3<>/dev/tcp/${address}/${port} && cat <&3' || echo "not reached: $?"`);
    return out.includes('not reached') ? `${/: ([^:]+)\n/.exec(err)?.[1] ?? out.trim()}` : out.trim().replace(/^::ffff:/, '');
  };
  const all = async (lease: string, addresses: readonly string[], port = 80): Promise<string[]> => Promise.all(addresses.map((address) => reach(lease, address, port)));
  const refused = (addresses: readonly string[]): string[] => addresses.map(() => 'Connection refused');
  const tables = async (): Promise<string[]> => [...(await world.run('nft', ['list', 'tables'])).out.matchAll(/^table inet (tandem_[0-9a-f]{8}_[0-9a-f]+)$/gm)].map(([, name]) => name!);
  const links = async (): Promise<string[]> => [...(await world.run('ip', ['-o', 'link', 'show'])).out.matchAll(/\d+: (tnd\w+)/g)].map(([, name]) => name!);

  beforeAll(async () => {
    world = new StandInWorld();
    await world.build();
    home = homeAt(mkdtempSync(join(tmpdir(), 'tandem-network-')));
    chmodSync(home.root, 0o711);
    mkdirSync(join(home.root, 'identity'));
    writeFileSync(home.identity, JSON.stringify({ server: { host: WORLD.controlPlane[0], port: 7800 } }));
  }, 60_000);
  afterAll(() => {
    for (const { lease } of readRecords(home)) world.ask(home.root, 'wipe', { lease, fence: '999999' });
    world.tearDown();
    rmSync(home.root, { recursive: true, force: true });
  }, 60_000);

  it('the internet, and nothing that trusts who asks, is private, or is the control plane\'s', async () => {
    expect(grant(A, { ...OUT, deny: [WORLD.controlPlane[1]] })).toMatchObject({ network: 'internet', resolvers: WORLD.resolver, unbound: [] });
    expect(await all(A, WORLD.internet)).toEqual(WORLD.internet);
    expect(await all(A, WORLD.metadata)).toEqual(refused(WORLD.metadata));
    expect(await all(A, WORLD.private)).toEqual(refused(WORLD.private));
    expect(await all(A, WORLD.controlPlane)).toEqual(refused(WORLD.controlPlane));
  });

  it('names, of its resolvers alone, and nothing else at their address', async () => {
    expect((await runInLease(home, A, 'cat /etc/resolv.conf')).out).toBe(WORLD.resolver.map((address) => `nameserver ${address}\n`).join(''));
    expect(await all(A, WORLD.resolver, 53)).toEqual(WORLD.resolver);
    expect(await all(A, WORLD.resolver)).toEqual(refused(WORLD.resolver));
    expect(await all(A, WORLD.private, 53)).toEqual(refused(WORLD.private));
  });

  it('not the machine, by any of its addresses, nor what listens on its loopback', async () => {
    const own = [...(await world.run('ip', ['-o', 'addr', 'show'])).out.matchAll(/inet6? ([0-9a-f.:]+)\/\d+ (?:brd \S+ )?scope global/g)].map(([, address]) => address!);
    expect(own.length).toBeGreaterThanOrEqual(4);
    expect(own).toEqual(expect.arrayContaining([...WORLD.machine]));
    for (const port of [80, 8080, 22]) expect(await all(A, own, port)).toEqual(refused(own));
    expect(await all(A, ['127.0.0.1', '::1'])).toEqual(['Connection refused', 'Connection refused']);
    expect((await runInLease(home, A, 'ip route add 10.0.0.0/8 dev eth0; ip addr add 10.77.0.9/24 dev eth0; ip link set eth0 address 02:00:00:00:00:09')).err.match(/Operation not permitted/g)).toHaveLength(3);
  });

  it('not another lease, also where the range of leases is allowed; and nobody in the network reaches one', async () => {
    grant(B, { ...OUT, allow: ['100.64.0.0/10', 'fd00::/8'] });
    const own = (await runInLease(home, A, 'hostname -I 2>/dev/null || ip -o addr show eth0 | grep -oP "inet6? \\K[^/]+"')).out.trim().split(/\s+/).filter((address) => !address.startsWith('fe80'));
    expect(own.length).toBe(2);
    await world.serveIn(insideOf(readRecords(home).find(({ lease }) => lease === A)!.uid)[0], [80]);
    // It listens: the lease itself reaches it.
    expect(await all(A, own)).toEqual(own);
    // B may go there, and A lets nobody in: nothing answers.
    expect(await all(B, own)).toEqual(own.map(() => 'not reached: 124'));
    expect(await all(B, [WORLD.internet[0]])).toEqual([WORLD.internet[0]]);
    expect((await world.inWorld(['bash', '-c', `ip route add 100.127.0.0/16 via ${WORLD.machine[0]}; timeout 2 bash -c 'exec 3<>/dev/tcp/${own[0]}/80'; echo $?`])).out.trim()).toBe('124');
  });

  it('what is allowed by name: private ranges widely, what trusts who asks only where just that is named', async () => {
    grant(C, { ...OUT, allow: ['10.9.0.0/16', '0.0.0.0/0', 'fd99::/16'] });
    expect(await all(C, ['10.9.9.9', '172.20.0.9', 'fd99::9'])).toEqual(['10.9.9.9', '172.20.0.9', 'fd99::9']);
    expect(await all(C, [...WORLD.metadata, WORLD.controlPlane[0]])).toEqual(refused([...WORLD.metadata, '']));
    world.ask(home.root, 'wipe', { lease: C, fence: '999' });
    grant(C, { ...OUT, allow: [`${WORLD.controlPlane[0]}/32`] });
    expect(await reach(C, WORLD.controlPlane[0])).toBe(WORLD.controlPlane[0]);
    world.ask(home.root, 'wipe', { lease: C, fence: '999' });
  });

  it('the machine forwards nothing but what leases send and get', async () => {
    const through = async (): Promise<string> => (await world.inWorld(['timeout', '3', 'bash', '-c', `exec 3<>/dev/tcp/${WORLD.behind}/80 && cat <&3`])).out.trim();
    expect(await through()).toBe('');
    // It is these rules that hold it: without them the machine would be a router now.
    const guard = (await world.run('nft', ['list', 'table', 'inet', 'tandem_guard4'])).out;
    await world.run('nft', ['delete', 'table', 'inet', 'tandem_guard4']);
    expect(await through()).toBe(`::ffff:${WORLD.behind}`);
    expect((await world.run('nft', ['-f', '-'], guard)).code).toBe(0);
    expect(await all(A, WORLD.internet)).toEqual(WORLD.internet);
  });

  it('where it may not go out: its loopback', async () => {
    expect(grant(D, { ...OUT, out: false })).toMatchObject({ network: 'loopback', resolvers: [], unbound: [] });
    expect(await all(D, [...WORLD.internet, WORLD.resolver[0]])).toEqual(['Network is unreachable', 'Network is unreachable', 'Network is unreachable']);
    world.ask(home.root, 'wipe', { lease: D, fence: '999' });
  });

  it('what comes over its loopback is confirmed at once, so that small writes do not wait for each other', async () => {
    grant(D, { ...OUT, out: false });
    expect((await runInLease(home, D, 'ip route show table local')).out.match(/^local 127\.0\.0\.(?:0\/8|1) .*quickack 1/gm)).toHaveLength(2);
    world.ask(home.root, 'wipe', { lease: D, fence: '999' });
  });

  it('nothing of it is left at its end, nor after its keeper was killed once the agent is there again', async () => {
    expect([(await tables()).length, (await links()).length]).toEqual([2, 2]);
    world.ask(home.root, 'end', { lease: A, fence: '999' });
    expect([(await tables()).length, (await links()).length]).toEqual([1, 1]);
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isKeeper(name, B))) process.kill(Number(pid), 'SIGKILL');
    expect(world.ask(home.root, 'list')['leases']).toEqual([]);
    expect([await tables(), await links()]).toEqual([[], []]);
  });
});

function isKeeper(pid: string, lease: string): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return words.includes('keep') && words.includes(lease);
  } catch {
    return false;
  }
}
