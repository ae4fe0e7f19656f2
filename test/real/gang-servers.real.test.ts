import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canSandbox } from '../../agent/src/testing/can-sandbox.ts';
import { StandInNet, noStandInHosts, type StandInHost } from '../../agent/src/testing/stand-in-host.ts';
import { silentLogger, systemClock } from '../../src/base/index.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/db/index.ts';
import { api, priceMinutes } from '../acceptance/support/api.ts';
import { freePort, freshFolder, type Program } from '../acceptance/support/program.ts';
import { ChaosServer } from './chaos/server.ts';
import { until } from './support/screen-house.ts';

const cannot = noStandInHosts ?? (canSandbox ? undefined : 'leases need bubblewrap, nsenter and OpenSSH\'s server');
if (cannot !== undefined) console.log(`Jobs over several machines and servers are left out: ${cannot}.`);

interface Lease {
  readonly state: string;
  readonly reason: string | null;
  readonly minutes: { readonly paid: number };
  readonly cost: { readonly booked: string };
  readonly job: { readonly state: string; readonly exitCode: number | null; readonly ranks: readonly { readonly rank: number; readonly machineId: string; readonly state: string; readonly exitCode: number | null }[] };
}

/**
 * Rank 1 answers with its name whoever asks. Rank 0 asks it by name each second: over the first server, then in vain while nobody keeps the way between
 * them, and then over the other one. After three answers of that one it says so and both end.
 */
const ASKS = `use IO::Socket::INET; $| = 1; use Sys::Hostname; my $name = hostname();
if ($ENV{NODE_RANK} == 1) { my $l = IO::Socket::INET->new(Listen => 9, LocalPort => 4000, ReuseAddr => 1) or die; print "began as $name\\n";
  while (my $c = $l->accept) { my $said = <$c> // ''; print $c "$name\\n"; close $c; if ($said =~ /bye/) { print "told to end\\n"; exit 0 } } }
print "began as $name\\n"; my ($lost, $again) = (0, 0);
sub ask { my $s = IO::Socket::INET->new(PeerAddr => 'rank-1', PeerPort => 4000, Timeout => 5) or return; print $s "$_[0]\\n"; my $r = ''; eval { local $SIG{ALRM} = sub { die }; alarm 5; $r = <$s> // ''; alarm 0 }; chomp $r; return $r }
while ($again < 3) { my $r = ask('who') // ''; if ($r eq '') { print "no answer\\n" unless $lost; $lost = 1 } else { print(($lost ? 'again ' : 'at first '), "$r\\n"); $again++ if $lost } sleep 1 }
1 until (ask('bye') // '') eq 'rank-1'; exit 0;`;

// Two server processes on one Postgres of neither; the one that keeps the job is killed (SIGKILL) and does not come back before the other has it.
describe.runIf(cannot === undefined)('a job over several machines, kept by one of two servers (stand-in, not macOS)', () => {
  let postgres: EmbeddedPostgres;
  let client: pg.Client;
  let net: StandInNet;
  const servers: ChaosServer[] = [];
  const startedAtMs: number[] = [];

  beforeAll(async () => {
    postgres = await startEmbeddedPostgres({ home: freshFolder('two-servers'), log: silentLogger, clock: systemClock, watch: false });
    const { host, port, user, password } = postgres.connection;
    client = new pg.Client({ ...postgres.connection });
    await client.connect();
    net = new StandInNet();
    const secret = join(freshFolder('secret'), 'secret');
    const ports: number[] = [];
    for (const _server of [1, 2]) {
      ports.push(await freePort());
      startedAtMs.push(Date.now());
      const server = new ChaosServer({
        TANDEM_PORT: String(await freePort()), TANDEM_AGENT_ADDRESS: `${net.address}:${ports.at(-1)}`, TANDEM_LOCAL_MODEL: 'off', TANDEM_SECRET_FILE: secret,
        DATABASE_URL: `postgres://${user}:${encodeURIComponent(password)}@/tandem?host=${encodeURIComponent(host)}&port=${port}`,
      }, () => {});
      await server.start();
      servers.push(server);
    }
    const here = (): Program => servers[0]!.program;
    await priceMinutes(here(), 'mac/stand-in', '600000000000');
    for (let number = 1; number <= 2; number += 1) {
      const machine = await net.add(`mac-${number}`);
      const { line } = await api<{ line: string }>(here(), 'POST', '/api/nodes', { name: machine.name });
      // They have one kernel, which names a lease's disk by its path: two machines of one lease need two.
      const pasted = machine.run(line, { TANDEM_AGENT_STAND_IN: '1', TANDEM_AGENT_HOME: `/var/lib/${machine.name}` });
      if (pasted.code !== 0) throw new Error(pasted.err);
      balance(machine, ports);
    }
    await until(async () => (await api<{ items: { state: string; inventory: object }[] }>(here(), 'GET', '/api/nodes')).items, (nodes) => nodes.length === 2 && nodes.every(({ state, inventory }) => state === 'ready' && 'cpu' in inventory));
  }, 300_000);
  afterAll(async () => {
    for (const server of servers) await server.close();
    await net?.close();
    await client?.end();
    await postgres?.stop();
  }, 120_000);

  /** What the agent calls its server is any of them, as behind a load balancer that looks at nothing. */
  function balance(machine: StandInHost, ports: readonly number[]): void {
    const choices = ports.map((port, index) => `${index} : ${port}`).join(', ');
    const rule = `add rule ip balance output ip daddr ${net.address} tcp dport ${ports[0]} dnat to ${net.address} : numgen random mod ${ports.length} map { ${choices} }`;
    const done = machine.run(`nft 'add table ip balance; add chain ip balance output { type nat hook output priority -100; }; ${rule}'`);
    if (done.code !== 0) throw new Error(done.err);
  }
  /** Which server keeps the job. Its id has the time at which it was made: that of a process that was there. */
  async function keeperOf(id: string): Promise<number> {
    const { rows } = await client.query<{ kept_by: string | null }>('select kept_by from lease_jobs where lease_id = $1', [id]);
    const by = rows[0]!.kept_by;
    if (by === null) return -1;
    const madeAtMs = Number.parseInt(by.replaceAll('-', '').slice(0, 12), 16);
    return startedAtMs.findLastIndex((atMs) => atMs <= madeAtMs);
  }

  it('goes on by the other one when that is killed: the same names, each end once, and paid once', async () => {
    const { id } = await api<{ id: string }>(servers[0]!.program, 'POST', '/api/leases', { key: 'gang', kind: 'mac', machines: 2, minutes: 60, access: 'job', job: { command: ['perl', '-e', ASKS] } });
    let at = servers[0]!.program;
    const show = async (): Promise<Lease> => (await api<{ lease: Lease }>(at, 'GET', `/api/leases/${id}`)).lease;
    const printed = async (rank: number): Promise<string> => (await api<{ text: string }>(at, 'GET', `/api/leases/${id}/logs?rank=${rank}`)).text;
    const before = await until(show, ({ job }) => job.ranks.length === 2 && job.ranks.every(({ state }) => state === 'running'));
    await until(() => printed(0), (text) => text.includes('at first rank-1'));
    const keeper = await keeperOf(id);
    expect([0, 1]).toContain(keeper);
    const other = 1 - keeper;
    at = servers[other]!.program;
    const beganMs = Date.now();
    const back = servers[keeper]!.restart(30);
    await until(() => keeperOf(id), (now) => now === other);
    console.log(`The other server has the job ${((Date.now() - beganMs) / 1_000).toFixed(1)} s after the one that kept it was killed.`);
    await until(async () => (await show()).state, (state) => state === 'ended');
    await back;
    const ended = await show();
    const ranks = before.job.ranks.map(({ rank, machineId }) => ({ rank, machineId, state: 'ended', exitCode: 0 }));
    expect(ended).toMatchObject({ reason: 'its job ended with code 0 on all machines', job: { state: 'ended', exitCode: 0, ranks } });
    const [asked, answered] = [await printed(0), await printed(1)];
    expect(asked).toMatch(/^began as rank-0\n(?:at first rank-1\n)+no answer\n(?:again rank-1\n){3}$/);
    expect(answered).toBe('began as rank-1\ntold to end\n');
    const { rows: events } = await client.query<{ kind: string; times: number }>('select kind, count(*)::int as times from lease_events where lease_id = $1 group by 1', [id]);
    const times = new Map(events.map((one) => [one.kind, one.times]));
    expect(['job-set-off', 'job-begun', 'job-rank-ended', 'job-ended', 'ending', 'ended'].map((kind) => [kind, times.get(kind)])).toEqual([['job-set-off', 1], ['job-begun', 1], ['job-rank-ended', 2], ['job-ended', 1], ['ending', 1], ['ended', 1]]);
    // 1 cent a minute and machine, each minute in one event alone.
    const { rows: paid } = await client.query<{ from: number; minutes: number; charge: string }>("select (attributes ->> 'from')::int as from, (attributes ->> 'minutes')::int as minutes, charge::text from usage_events where kind = 'lease' and attributes ->> 'lease' = $1 order by 1", [id]);
    expect(paid.reduce((end, { from, minutes }) => (from === end ? from + minutes : Number.NaN), 0)).toBeGreaterThan(0);
    expect(paid.reduce((sum, { charge }) => sum + BigInt(charge), 0n)).toBe(BigInt(ended.minutes.paid) * 20_000_000_000n);
    expect(ended.cost.booked).toBe(String(BigInt(ended.minutes.paid) * 20_000_000_000n));
    expect(at.cli('bill', '--verify').code).toBe(0);
  }, 300_000);
});
