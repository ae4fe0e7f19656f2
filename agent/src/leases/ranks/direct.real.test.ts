import { readFileSync, readdirSync } from 'node:fs';
import { uptime } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canSandbox } from '../../testing/can-sandbox.ts';
import { runInLease } from '../../testing/run-in-lease.ts';
import { StandInLan, type LanMachine } from '../../testing/stand-in-lan.ts';
import { rankAddress } from './addresses.ts';
import { DIRECT_PORT, rankMac } from './direct-plan.ts';

const id = (end: string): string => `0192f0c1-7a00-7000-8000-0000000000${end}`;
/** Two jobs of two machines each, on the same two machines; and a lease of somebody else on the first. */
const [A, B, FOREIGN] = [id('a1'), id('b1'), id('c1')] as [string, string, string];
const VNI = { [A]: 70_001, [B]: 70_002 } as Readonly<Record<string, number>>;
const PORT = 5_000;
/** Longer than all of this takes on a machine with much else to do. */
const LEASED_S = 1_800;

/** One UDP datagram from a rank to another in a frame of an Ethernet with a number, as a shell prints it. */
function frame(vni: number, from: number, to: number, text: string): string {
  const [source, target] = [rankAddress(from), rankAddress(to)].map((address) => address.split('.').map(Number)) as [number[], number[]];
  const two = (value: number): number[] => [value >> 8, value & 255];
  const head = [0x45, 0, ...two(28 + text.length), 0, 0, 0, 0, 64, 17, 0, 0, ...source, ...target];
  const sum = head.reduce((all, byte, at) => all + (at % 2 === 0 ? byte << 8 : byte), 0);
  head.splice(10, 2, ...two(~((sum & 0xffff) + (sum >> 16)) & 0xffff));
  const mac = (rank: number): number[] => rankMac(rank).split(':').map((part) => Number.parseInt(part, 16));
  const bytes = [0x08, 0, 0, 0, vni >> 16, (vni >> 8) & 255, vni & 255, 0, ...mac(to), ...mac(from), 0x08, 0, ...head, ...two(PORT), ...two(PORT), ...two(8 + text.length), 0, 0, ...Buffer.from(text)];
  return bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

/** Sends it to a machine; in a shell that has its own words for UDP. */
const sending = (bytes: string, to: string): string => `printf '${bytes}' > /dev/udp/${to}/${DIRECT_PORT}`;

describe.runIf(canSandbox)('the direct way among machines of a job (machines in namespaces, on a bridge)', () => {
  let lan: StandInLan;
  let first: LanMachine;
  let second: LanMachine;
  let stranger: LanMachine;
  const both = (): readonly LanMachine[] => [first, second];
  const planOf = (lease: string) => ({ vni: VNI[lease]!, mtu: 1_450, addresses: both().map(({ address }) => address) });
  const join = (lease: string): void => {
    for (const machine of both()) machine.ask('join', { lease, fence: '1', plan: planOf(lease) });
  };
  const tables = async (machine: LanMachine): Promise<string[]> => [...(await machine.run('nft', ['list', 'tables'])).out.matchAll(/^table inet (tandem_ranks_\S+)$/gm)].map(([, name]) => name!);
  const says = async (machine: LanMachine, lease: string, line: string): Promise<string> => {
    const { out, err } = await runInLease(machine.home, lease, line);
    return (out + err).trim();
  };
  /** Writes down every datagram that comes, and answers it with a word of its own; and the same word to whoever connects. */
  const listen = async (machine: LanMachine, lease: string, word: string): Promise<void> => {
    const program = `use IO::Socket::INET; $| = 1; my $t = IO::Socket::INET->new(Listen => 5, LocalPort => ${PORT}, ReuseAddr => 1) or die; my $u = IO::Socket::INET->new(Proto => "udp", LocalPort => ${PORT}) or die;
if (fork) { print "open\\n"; while (1) { my $c = $t->accept; print $c "$word " . $c->peerhost . "\\n"; close $c } } else { while (1) { my $from = $u->recv(my $text, 65535); print substr($text, 0, 40), "\\n"; $u->send("$word " . length($text)) } }`;
    await says(machine, lease, `perl -e '${program.replaceAll('$word', word)}' > heard 2>&1 < /dev/null & for i in $(seq 100); do grep -q open heard 2>/dev/null && break; sleep 0.1; done`);
  };
  const heard = (machine: LanMachine, lease: string): Promise<string> => says(machine, lease, 'cat heard');
  const tcp = (machine: LanMachine, lease: string, to: string, port = PORT): Promise<string> => says(machine, lease, `timeout 5 bash -c 'exec 3<>/dev/tcp/${to}/${port} && cat <&3' 2>&1 | head -1 | sed 's/.*: //'`);
  const udp = (machine: LanMachine, lease: string, to: string, bytes: number): Promise<string> => says(machine, lease, `perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(Proto => "udp", PeerAddr => "${to}", PeerPort => ${PORT}) or die; $s->send("u" x ${bytes}); $SIG{ALRM} = sub { print "nothing"; exit }; alarm 5; $s->recv(my $a, 100); print $a'`);
  /** A word that nobody else sends comes through there, so whatever was sent before it has come too, or never will. */
  const settled = async (): Promise<string> => {
    await udp(first, A, 'rank-1', 7);
    return heard(second, A);
  };

  beforeAll(() => {
    lan = new StandInLan(3);
    [first, second, stranger] = lan.machines as [LanMachine, LanMachine, LanMachine];
    const untilUptimeMs = Math.floor((uptime() + LEASED_S) * 1_000);
    for (const lease of [A, B]) for (const [rank, machine] of both().entries()) machine.ask('grant', { lease, fence: '1', units: [lease], access: 'job', ranks: { rank, size: 2 }, network: { out: false }, untilUptimeMs });
    // All that a pool could allow: the machines' own network.
    first.ask('grant', { lease: FOREIGN, fence: '2', units: ['foreign'], network: { out: true, allow: [lan.network], deny: [], resolvers: ['10.84.0.99'] }, untilUptimeMs });
  }, 120_000);
  afterAll(() => lan.tearDown(), 60_000);

  it('machines say their address in a network, or why not; one that was granted otherwise is refused', () => {
    expect(both().map((machine) => machine.ask('offer', { lease: A, fence: '1', network: lan.network }))).toEqual([{ address: '10.84.0.1', mtu: 1_500 }, { address: '10.84.0.2', mtu: 1_500 }]);
    expect(first.ask('offer', { lease: A, fence: '1', network: '10.85.0.0/16' })).toEqual({ why: 'it has no address in its pool\'s network' });
    for (const [name, params, why] of [['join', { lease: A, fence: '2', plan: planOf(A) }, 'granted anew'], ['join', { lease: A, fence: '1', plan: { ...planOf(A), vni: 0 } }, 'vni'], ['offer', { lease: FOREIGN, fence: '2', network: lan.network }, 'one machine'], ['probe', { lease: A, fence: '1' }, 'does not stand']] as const) expect(() => first.ask(name, params), why).toThrow(why);
  });

  it('ranks of two jobs on the same machines reach each other by name at any port, by TCP and UDP, each its own', async () => {
    for (const lease of [A, B]) join(lease);
    join(A);
    for (const lease of [A, B]) for (const machine of both()) expect(machine.ask('probe', { lease, fence: '1' })).toEqual({ unreached: [] });
    for (const [lease, word] of [[A, 'a'], [B, 'b']] as const) for (const machine of both()) await listen(machine, lease, word);
    for (const [lease, word] of [[A, 'a'], [B, 'b']] as const) {
      expect([await tcp(first, lease, 'rank-1'), await tcp(second, lease, 'rank-0')]).toEqual([`${word} 100.126.0.1`, `${word} 100.126.0.2`]);
      // The larger one in many frames.
      expect([await udp(first, lease, 'rank-1', 100), await udp(second, lease, 'rank-0', 60_000)]).toEqual([`${word} 100`, `${word} 60000`]);
    }
    expect([await tcp(first, A, 'rank-1', 9), await tcp(first, A, '100.126.0.9'), await tcp(first, A, '10.84.0.2')]).toEqual(['Connection refused', 'No route to host', 'Network is unreachable']);
    expect(await says(first, A, 'ip -br addr | sed "s/ *$//; s/  */ /g"; ip neigh')).toMatch(/^lo UNKNOWN 127\.0\.0\.1\/8 ::1\/128\nranks0\S* UNKNOWN 100\.126\.0\.1\/32\n100\.126\.0\.2 dev ranks0 lladdr 02:74:64:00:00:01 PERMANENT$/);
    expect((await runInLease(first.home, A, 'ip addr add 100.126.0.7/32 dev ranks0; ip neigh del 100.126.0.2 dev ranks0; ip link set ranks0 down; bridge fdb del 02:74:64:00:00:01 dev ranks0')).err.match(/Operation not permitted/g)).toHaveLength(4);
  });

  it('frames come from machines of the job with its number, and by nobody else', async () => {
    // What would be taken, so that what is not taken was no frame that is merely wrong.
    await first.run('bash', ['-c', sending(frame(VNI[A]!, 0, 1, 'from its own machine'), second.address)]);
    expect(await settled()).toContain('from its own machine');
    await stranger.run('bash', ['-c', sending(frame(VNI[A]!, 0, 1, 'right number, wrong source'), second.address)]);
    await first.run('bash', ['-c', sending(frame(70_009, 0, 1, 'right source, wrong number'), second.address)]);
    await first.run('bash', ['-c', sending(frame(VNI[A]!, 7, 1, 'no rank of it'), second.address)]);
    expect(await settled()).not.toMatch(/right|no rank/);
    // It is that rule that holds the stranger.
    const [table] = (await tables(second)).filter((name) => name.endsWith(A.replaceAll('-', '')));
    const rules = (await second.run('nft', ['list', 'table', 'inet', table!])).out;
    await second.run('nft', ['delete', 'table', 'inet', table!]);
    await stranger.run('bash', ['-c', sending(frame(VNI[A]!, 0, 1, 'once the rule is gone'), second.address)]);
    expect(await settled()).toContain('once the rule is gone');
    expect((await second.run('nft', ['-f', '-'], rules)).code).toBe(0);
    expect((await heard(second, B)).split('\n').filter((line) => !/^(?:open|u+)$/.test(line))).toEqual([]);
  });

  it('another lease on the same machine reaches none of it, and sends no frames, also where its pool allows it the machines\' network', async () => {
    // The machine has no way there either.
    expect(await tcp(first, FOREIGN, '100.126.0.2')).toBe('Network is unreachable');
    await says(first, FOREIGN, sending(frame(VNI[A]!, 0, 1, 'from another lease'), second.address));
    await says(first, FOREIGN, sending(frame(VNI[A]!, 1, 0, 'from another lease'), first.address));
    expect([await settled(), await heard(first, A)].join('\n')).not.toContain('another lease');
    // Its words would come from the machine's own address, which is a machine of the job: it is that rule that holds them.
    const table = `tandem_${/tandem_ranks_([0-9a-f]{8})/.exec((await tables(first))[0]!)![1]}_${FOREIGN.replaceAll('-', '')}`;
    await first.run('bash', ['-c', `nft delete rule inet ${table} forward handle $(nft -a list chain inet ${table} forward | sed -n 's/.*udp dport ${DIRECT_PORT} drop # handle //p')`]);
    await says(first, FOREIGN, sending(frame(VNI[A]!, 0, 1, 'once that rule is gone'), second.address));
    expect(await settled()).toContain('once that rule is gone');
  });

  it('a machine on which it cannot stand says why, and goes back to the way through the server', async () => {
    stranger.ask('grant', { lease: A, fence: '1', units: [A], access: 'job', ranks: { rank: 0, size: 2 }, network: { out: false } });
    // Another program of the machine has the port.
    await stranger.run('bash', ['-c', `perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(Proto => "udp", LocalPort => ${DIRECT_PORT}) or die; print "has it\n"; close STDOUT; sleep 60' 2>/dev/null & sleep 1`]);
    expect(() => stranger.ask('join', { lease: A, fence: '1', plan: { ...planOf(A), addresses: [stranger.address, second.address] } })).toThrow('Address already in use');
    expect(() => stranger.ask('probe', { lease: A, fence: '1' })).toThrow('does not stand');
    stranger.ask('leave', { lease: A, fence: '1' });
    expect([await tables(stranger), await says(stranger, A, 'ip -o link show ranks0')]).toEqual([[], expect.stringContaining('ranks0@ranks1')]);
  });

  it('goes back to the way through the server, and takes the direct one again', async () => {
    for (const machine of both()) machine.ask('leave', { lease: B, fence: '1' });
    expect((await tables(first)).length).toBe(1);
    expect(await says(first, B, 'ip -o link show ranks0')).toContain('ranks0@ranks1');
    join(B);
    expect([first.ask('probe', { lease: B, fence: '1' }), await tcp(first, B, 'rank-1')]).toEqual([{ unreached: [] }, 'b 100.126.0.1']);
  });

  it('nothing of it is left: at its end, after its keeper was killed, and when a machine is wiped; another job stays as it is', async () => {
    first.ask('end', { lease: A, fence: '1' });
    expect([(await tables(first)).length, await tcp(first, B, 'rank-1')]).toEqual([1, 'b 100.126.0.1']);
    const wiped = second.ask('wipe', { lease: A, fence: '1' });
    expect(wiped).toMatchObject({ clean: true, evidence: expect.arrayContaining(['no rule and no interface of its network is left']) });
    expect((await tables(second)).length).toBe(1);
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isKeeper(name, first.home.root, B))) process.kill(Number(pid), 'SIGKILL');
    expect(first.ask('list')['leases']).toEqual([expect.objectContaining({ lease: FOREIGN })]);
    expect(await tables(first)).toEqual([]);
    // Its device went with the sandbox: nobody has the port any more.
    expect((await first.run('ip', ['-d', '-o', 'link', 'show'])).out).not.toContain('vxlan');
  });
});

function isKeeper(pid: string, home: string, lease: string): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return words.includes('keep') && words.includes(home) && words.includes(lease);
  } catch {
    return false;
  }
}
