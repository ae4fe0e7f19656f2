import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canSandbox } from '../../agent/src/testing/can-sandbox.ts';
import { StandInNet, noStandInHosts } from '../../agent/src/testing/stand-in-host.ts';
import { api } from '../acceptance/support/api.ts';
import { freePort } from '../acceptance/support/program.ts';
import { ChaosServer } from './chaos/server.ts';
import { SUM, TALK } from './support/rank-programs.ts';
import { until } from './support/screen-house.ts';

const cannot = noStandInHosts ?? (canSandbox ? undefined : 'leases need bubblewrap, nsenter and OpenSSH\'s server');
if (cannot !== undefined) console.log(`Jobs over several machines are left out: ${cannot}.`);

interface End {
  readonly state: string;
  readonly exitCode: number | null;
  readonly reason: string | null;
}
interface Lease {
  readonly id: string;
  readonly state: string;
  readonly reason: string | null;
  readonly job: End & { readonly failedRank: number | null; readonly ranks: readonly (End & { readonly rank: number; readonly machineId: string })[] };
}

// A server that is killed (SIGKILL) and started again, four machines that are stand-in hosts, and programs in perl.
describe.runIf(cannot === undefined)('a job over several machines (stand-in, not macOS)', () => {
  let net: StandInNet;
  let server: ChaosServer;

  beforeAll(async () => {
    net = new StandInNet();
    server = new ChaosServer({ TANDEM_PORT: String(await freePort()), TANDEM_AGENT_ADDRESS: `${net.address}:${await freePort()}`, TANDEM_LOCAL_MODEL: 'off' }, () => {});
    await server.start();
    for (let number = 1; number <= 4; number += 1) {
      const host = await net.add(`mac-${number}`);
      const { line } = await api<{ line: string }>(server.program, 'POST', '/api/nodes', { name: host.name });
      // They have one kernel, which names a lease's disk by its path: two machines of one lease need two.
      const pasted = host.run(line, { TANDEM_AGENT_STAND_IN: '1', TANDEM_AGENT_HOME: `/var/lib/${host.name}` });
      if (pasted.code !== 0) throw new Error(pasted.err);
    }
    await until(async () => (await api<{ items: { state: string; inventory: object }[] }>(server.program, 'GET', '/api/nodes')).items, (nodes) => nodes.length === 4 && nodes.every(({ state, inventory }) => state === 'ready' && 'cpu' in inventory));
  }, 300_000);
  afterAll(async () => {
    await server?.close();
    await net?.close();
  }, 120_000);

  let asked = 0;
  const ask = (machines: number, command: readonly string[], env: Readonly<Record<string, string>> = {}) => api<Lease>(server.program, 'POST', '/api/leases', { key: `gang-${asked += 1}`, kind: 'mac', machines, minutes: 60, access: 'job', job: { command, env } });
  const show = async (id: string): Promise<Lease> => (await api<{ lease: Lease }>(server.program, 'GET', `/api/leases/${id}`)).lease;
  const comes = (id: string, holds: (lease: Lease) => boolean): Promise<Lease> => until(() => show(id), holds);
  const printed = async (id: string, rank: number): Promise<string> => (await api<{ text: string }>(server.program, 'GET', `/api/leases/${id}/logs?rank=${rank}`)).text;
  const lines = (text: string): string[] => text.trim().split('\n').toSorted();
  const nameOf = async (id: string): Promise<string> => (await api<{ items: { id: string; name: string }[] }>(server.program, 'GET', '/api/nodes')).items.find((node) => node.id === id)!.name;

  it('begins on all, and they reach each other by name at any port, and nobody of another lease', async () => {
    const both = await Promise.all(['one', 'two'].map((word) => ask(2, ['perl', '-e', TALK], { WORD: word })));
    for (const [at, word] of ['one', 'two'].entries()) {
      const ended = await comes(both[at]!.id, ({ state }) => state === 'ended');
      expect(ended, JSON.stringify(ended.job)).toMatchObject({ reason: 'its job ended with code 0 on all machines', job: { state: 'ended', exitCode: 0 } });
      expect([lines(await printed(ended.id, 0)), lines(await printed(ended.id, 1))]).toEqual([[`asked ${word} 1`, `heard ${word} 1`], [`asked ${word} 0`, `heard ${word} 0`]]);
    }
    const sum = await ask(2, ['perl', '-e', SUM]);
    expect(await comes(sum.id, ({ state }) => state === 'ended')).toMatchObject({ job: { exitCode: 0 } });
    const [bytes, took] = (await printed(sum.id, 1)).split('\n');
    expect(bytes).toBe('52428800 bytes, 0 wrong');
    console.log(`50 MiB from one rank to another: ${took}; a byte there and back: ${(await printed(sum.id, 0)).trim()}`);
  }, 240_000);

  it('is one line of the command line, with each rank\'s output and the code of the first that fails; what is no rank is refused', () => {
    const line = 'echo "rank $NODE_RANK of $NNODES"; timeout 9 bash -c "exec 3<>/dev/tcp/100.126.0.9/80; cat <&3" 2>&1 | grep -c reset; sleep $((2 - 2 * NODE_RANK)); exit $((NODE_RANK * 4))';
    const { code, out, err } = server.program.cli('mac', 'lease', '--machines', '2', '--for', '10m', '--at-most', '5.00', '--wait', '--', 'bash', '-c', line);
    expect([code, out.trim().split('\n').toSorted()], err).toEqual([4, ['[0] 1', '[0] rank 0 of 2', '[1] 1', '[1] rank 1 of 2']]);
    expect(err).toContain('ended with code 4: rank 1 ended with code 4');
  }, 240_000);

  it('runs nothing twice over the end of a server, and ends the others when one fails, with its code', async () => {
    const { id } = await ask(3, ['bash', '-c', 'echo begun on $(hostname) of $NNODES; trap "echo told; exit 9" TERM; if [ $NODE_RANK = 1 ]; then sleep 15; exit 7; fi; while :; do sleep 1; done']);
    await comes(id, ({ job }) => job.ranks.length === 3 && job.ranks.every(({ state }) => state === 'running'));
    await server.restart(1);
    const ended = await comes(id, ({ state }) => state === 'ended');
    expect(ended).toMatchObject({ reason: 'its job ended: rank 1 ended with code 7', job: { state: 'ended', exitCode: 7, failedRank: 1, ranks: [{ exitCode: 9 }, { exitCode: 7 }, { exitCode: 9 }] } });
    for (const rank of [0, 1, 2]) expect(await printed(id, rank)).toMatch(rank === 1 ? /^begun on rank-1 of 3\n$/ : new RegExp(`^begun on rank-${rank} of 3\n(?:Terminated\n)?told\n$`));
  }, 240_000);

  it('ends the others when the machine of one loses it, by force where they do not end by themselves', async () => {
    const { id } = await ask(2, ['bash', '-c', 'echo begun; trap "" TERM; while :; do sleep 1; done']);
    const running = await comes(id, ({ job }) => job.ranks.length === 2 && job.ranks.every(({ state }) => state === 'running'));
    const name = await nameOf(running.job.ranks[1]!.machineId);
    net.hosts.find((host) => host.name === name)!.run(`pkill -KILL -f 'keep .*${id}'`);
    const ended = await comes(id, ({ state }) => state === 'ended');
    expect(ended.job).toMatchObject({ state: 'lost', failedRank: 1, reason: expect.stringContaining('rank 1 is lost'), ranks: [{ state: 'ended', exitCode: 137 }, { state: 'lost' }] });
  }, 240_000);
});
