import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canSandbox } from '../../agent/src/testing/can-sandbox.ts';
import { StandInNet, noStandInHosts } from '../../agent/src/testing/stand-in-host.ts';
import { api } from '../acceptance/support/api.ts';
import { freePort } from '../acceptance/support/program.ts';
import { ChaosServer } from './chaos/server.ts';
import { GO_ON, SUM, TALK, asksAgain } from './support/rank-programs.ts';
import { until } from './support/screen-house.ts';

const cannot = noStandInHosts ?? (canSandbox ? undefined : 'leases need bubblewrap, nsenter and OpenSSH\'s server');
if (cannot !== undefined) console.log(`The direct way among machines of a job is left out: ${cannot}.`);

interface Lease {
  readonly id: string;
  readonly state: string;
  readonly reason: string | null;
  readonly job: { readonly state: string; readonly exitCode: number | null; readonly way: string | null; readonly wayReason: string | null };
}

// A server that is killed, three machines that are stand-in hosts on one network, and programs in perl. What frames are taken from whom is tried in agent/src/leases/ranks/direct.real.test.ts.
describe.runIf(cannot === undefined)('a job whose machines talk directly (stand-in, not macOS)', () => {
  let net: StandInNet;
  let server: ChaosServer;
  let pool: string;
  /** A range that all hosts are in. */
  let all: string;

  beforeAll(async () => {
    net = new StandInNet();
    server = new ChaosServer({ TANDEM_PORT: String(await freePort()), TANDEM_AGENT_ADDRESS: `${net.address}:${await freePort()}`, TANDEM_LOCAL_MODEL: 'off' }, () => {});
    await server.start();
    for (let number = 1; number <= 3; number += 1) {
      const host = await net.add(`mac-${number}`);
      const { line } = await api<{ line: string }>(server.program, 'POST', '/api/nodes', { name: host.name });
      // They have one kernel, which names a lease's disk by its path: two machines of one lease need two.
      const pasted = host.run(line, { TANDEM_AGENT_STAND_IN: '1', TANDEM_AGENT_HOME: `/var/lib/${host.name}` });
      if (pasted.code !== 0) throw new Error(pasted.err);
    }
    await until(async () => (await api<{ items: { state: string; inventory: object }[] }>(server.program, 'GET', '/api/nodes')).items, (nodes) => nodes.length === 3 && nodes.every(({ state, inventory }) => state === 'ready' && 'cpu' in inventory));
    all = net.address.replace(/\d+$/, '0/24');
    ({ id: pool } = await api<{ id: string }>(server.program, 'POST', '/api/pools', { name: 'default', ranksNetwork: all }));
  }, 300_000);
  afterAll(async () => {
    await server?.close();
    await net?.close();
  }, 120_000);

  let asked = 0;
  const ask = (machines: number, program: string, env: Readonly<Record<string, string>> = {}) => api<Lease>(server.program, 'POST', '/api/leases', { key: `direct-${asked += 1}`, kind: 'mac', machines, minutes: 60, access: 'job', job: { command: ['perl', '-e', program], env } });
  const show = async (id: string): Promise<Lease> => (await api<{ lease: Lease }>(server.program, 'GET', `/api/leases/${id}`)).lease;
  const comes = (id: string, holds: (lease: Lease) => boolean): Promise<Lease> => until(() => show(id), holds);
  const printed = async (id: string, rank: number): Promise<string> => (await api<{ text: string }>(server.program, 'GET', `/api/leases/${id}/logs?rank=${rank}`)).text;
  /** What has come to this machine, and gone out from it, by the network of the hosts: the server's part of what they say. */
  const atServer = (): number => [...spawnSync('ip', ['-s', '-s', 'link', 'show', 'dev', net.bridge], { encoding: 'utf8' }).stdout.matchAll(/^\s+(?:RX|TX):.*\n\s+(\d+)/gm)].reduce((sum, [, bytes]) => sum + Number(bytes), 0);
  /** A large body from one machine to another. @returns the server's part of it. */
  const carry = async (way: 'direct' | 'server'): Promise<number> => {
    const before = atServer();
    const { id } = await ask(2, asksAgain(SUM));
    expect(await comes(id, ({ state }) => state === 'ended')).toMatchObject({ job: { exitCode: 0, way } });
    const [bytes, took] = (await printed(id, 1)).split('\n');
    expect(bytes).toBe('52428800 bytes, 0 wrong');
    const passed = atServer() - before;
    console.log(`${way}: 50 MiB from one rank to another: ${took}; a byte there and back: ${(await printed(id, 0)).trim()}; ${passed} bytes came to the server or left it meanwhile`);
    return passed;
  };
  const tables = (): string[] => net.hosts.flatMap((host) => [...host.run('nft list tables').out.matchAll(/tandem_ranks_\S+/g)].map(([name]) => name));

  it('talks by names, and nothing of it passes the server', async () => {
    const talk = await ask(3, asksAgain(TALK), { WORD: 'w' });
    expect(await comes(talk.id, ({ state }) => state === 'ended')).toMatchObject({ job: { state: 'ended', exitCode: 0, way: 'direct', wayReason: null } });
    expect((await printed(talk.id, 0)).trim().split('\n').toSorted()).toEqual(['asked w 1', 'asked w 2', 'heard w 1', 'heard w 2']);
    expect(server.program.cli('leases', 'show', talk.id).out).toContain('ranks talk directly over their pool\'s network, not encrypted\n');
    const [direct, through] = [await carry('direct'), await api(server.program, 'PATCH', `/api/pools/${pool}`, { ranksNetwork: null }).then(() => carry('server'))];
    await api(server.program, 'PATCH', `/api/pools/${pool}`, { ranksNetwork: all });
    // The other way shows that it is counted.
    expect([direct < 5_000_000, through > 2 * 52_428_800]).toEqual([true, true]);
  }, 240_000);

  it('goes on by TCP and UDP while the server is away', async () => {
    const { id } = await ask(2, GO_ON, { SECONDS_LONG: '25' });
    await comes(id, ({ job }) => job.state === 'running');
    await server.restart(8);
    const ended = await comes(id, ({ state }) => state === 'ended');
    const said = await printed(id, 0);
    expect(ended, said).toMatchObject({ job: { state: 'ended', exitCode: 0, way: 'direct' } });
    console.log(`With the server away for 8 s: ${said.trim()}`);
    expect(Number(/^(\d+) answers/.exec(said)![1])).toBeGreaterThan(50);
  }, 240_000);

  it('one machine without that network has all of them talk through the server, and the lease and the machine\'s doctor say so', async () => {
    const narrow = net.address.replace(/\d+$/, '2/31');
    await api(server.program, 'PATCH', `/api/pools/${pool}`, { ranksNetwork: narrow });
    const { id } = await ask(3, asksAgain(TALK), { WORD: 'w' });
    const ended = await comes(id, ({ state }) => state === 'ended');
    expect(ended).toMatchObject({ job: { state: 'ended', exitCode: 0, way: 'server', wayReason: expect.stringMatching(/^rank [012]: it has no address in its pool's network$/) } });
    expect((await printed(id, 0)).trim().split('\n').toSorted()).toEqual(['asked w 1', 'asked w 2', 'heard w 1', 'heard w 2']);
    const { out } = server.program.cli('node', 'doctor', 'mac-3');
    expect(out).toContain(`jobs over several machines talk through the server: it has no address in its pool's network (${narrow})`);
    expect(server.program.cli('node', 'doctor', 'mac-1').out).toMatch(new RegExp(`pass\\s+ranks-direct\\s+machines of a job talk directly over ${narrow.replaceAll('.', '\\.')}`));
  }, 240_000);

  it('a firewall between two machines is found before the job begins, and nothing is left of any of them', async () => {
    await api(server.program, 'PATCH', `/api/pools/${pool}`, { ranksNetwork: all });
    net.hosts[1]!.run('nft add table inet own; nft add chain inet own input "{ type filter hook input priority 0; }"; nft add rule inet own input udp dport 4609 drop');
    const { id } = await ask(3, asksAgain(TALK), { WORD: 'w' });
    expect(await comes(id, ({ state }) => state === 'ended')).toMatchObject({ job: { state: 'ended', exitCode: 0, way: 'server', wayReason: expect.stringMatching(/^rank \d does not reach rank \d over its pool's network, and 3 more ways like that: UDP port 4609 has to be open there$/) } });
    net.hosts[1]!.run('nft delete table inet own');
    expect(tables()).toEqual([]);
  }, 240_000);
});
