import fc from 'fast-check';
import { expect, it } from 'vitest';
import { rankAddress } from './addresses.ts';
import { addressBatch, forwardingBatch, hostRules, insideRules, linkWords, rankMac, readDirectPlan, type DirectPlan } from './direct-plan.ts';
import { underlayIn } from './underlay.ts';

const PLAN: DirectPlan = { vni: 70_000, mtu: 1_450, addresses: ['10.4.0.1', '10.4.0.2', '10.4.0.3'] };
const RANKS = { rank: 1, size: 3 };
const plans = fc.integer({ min: 2, max: 256 }).chain((size) => fc.record({
  plan: fc.record({ vni: fc.integer({ min: 1, max: 2 ** 24 - 1 }), mtu: fc.integer({ min: 576, max: 9_000 }), addresses: fc.uniqueArray(fc.integer({ min: 1, max: 0xfffe }), { minLength: size, maxLength: size }).map((list) => list.map((one) => `10.4.${one >> 8}.${one & 255}`)) }),
  rank: fc.nat(size - 1), size: fc.constant(size),
}));

it('a plan has a number, a size of packets and one address for each rank, or is refused', () => {
  expect(readDirectPlan(PLAN, RANKS)).toEqual(PLAN);
  for (const wrong of [null, [], 'x', {}, { ...PLAN, vni: 0 }, { ...PLAN, vni: 2 ** 24 }, { ...PLAN, vni: '7' }, { ...PLAN, mtu: 60 }, { ...PLAN, mtu: 65_535 }, { ...PLAN, addresses: ['10.4.0.1', '10.4.0.2'] }, { ...PLAN, addresses: 'x' }, { ...PLAN, addresses: ['10.4.0.1', '10.4.0.2', '10.4.0.1'] }]) expect(() => readDirectPlan(wrong, RANKS), JSON.stringify(wrong)).toThrow();
  for (const address of ['', '10.4.0', '10.4.0.0/24', '127.0.0.1', '169.254.1.1', '224.0.0.1', '255.255.255.255', '0.0.0.0', 'fd00::1', '10.4.0.9 }', '10.4.0.9; drop', 7]) expect(() => readDirectPlan({ ...PLAN, addresses: ['10.4.0.1', '10.4.0.2', address] }, RANKS), String(address)).toThrow();
});

it('the machine takes frames of that number from the other machines alone, and nothing else of it', () => {
  expect(hostRules('tandem_ranks_x', PLAN, RANKS).split('\n')).toEqual([
    'add table inet tandem_ranks_x', 'delete table inet tandem_ranks_x', 'table inet tandem_ranks_x {', '  chain input {', '    type filter hook input priority -20; policy accept;',
    '    udp dport 4609 @th,96,24 70000 ip saddr { 10.4.0.1, 10.4.0.3 } ip daddr 10.4.0.2 accept', '    udp dport 4609 @th,96,24 70000 drop', '  }', '}', '',
  ]);
  expect(linkWords(77, PLAN, RANKS).join(' ')).toBe('link add ranks0 netns 77 address 02:74:64:00:00:01 mtu 1450 type vxlan id 70000 dstport 4609 local 10.4.0.2 nolearning');
});

it('each rank knows exactly the others, by what no message can change, whatever the size', () => {
  fc.assert(fc.property(plans, ({ plan, rank, size }) => {
    const others = Array.from({ length: size }, (_, other) => other).filter((other) => other !== rank);
    const lines = addressBatch({ rank, size }).split('\n');
    expect(lines.filter((line) => line.startsWith('neigh'))).toEqual(others.map((other) => `neigh add ${rankAddress(other)} lladdr ${rankMac(other)} dev ranks0 nud permanent`));
    expect(lines.filter((line) => line.startsWith('addr'))).toEqual([`addr add ${rankAddress(rank)}/32 dev ranks0`]);
    expect(lines.filter((line) => line.startsWith('route'))).toHaveLength(size);
    expect(forwardingBatch(plan, { rank, size }).split('\n')).toEqual([...others.map((other) => `fdb append ${rankMac(other)} dev ranks0 dst ${plan.addresses[other]!} self permanent`), '']);
    const inside = /ip saddr \{ ([^}]*) \}/.exec(insideRules({ rank, size }))![1]!.split(', ');
    expect(inside).toEqual(others.map(rankAddress));
    const from = /ip saddr \{ ([^}]*) \}/.exec(hostRules('t', plan, { rank, size }))![1]!.split(', ');
    expect(from).toEqual(others.map((other) => plan.addresses[other]));
  }), { numRuns: 25 });
  expect(new Set(Array.from({ length: 256 }, (_, rank) => rankMac(rank))).size).toBe(256);
});

it('a machine is in a network by its own address there, the first of several, and never by a link of a lease', async () => {
  const listed = [
    '1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever', '1: lo    inet 10.4.7.7/32 scope global lo\\       valid_lft forever', '2: eth0    inet 192.0.2.7/24 brd 192.0.2.255 scope global dynamic eth0\\       valid_lft 100sec',
    '3: ib0    inet 10.4.0.20/16 brd 10.4.255.255 scope global ib0\\       valid_lft forever', '3: ib0    inet 10.4.0.3/16 brd 10.4.255.255 scope global secondary ib0\\       valid_lft forever', '9: tnd0a1b2c3d4e5f    inet 10.4.0.1/30 scope global tnd0a1b2c3d4e5f\\       valid_lft forever',
  ].join('\n');
  const run = async (_program: string, args: readonly string[]) => ({ code: 0, err: '', out: args.includes('link') ? `3: ${args.at(-1)}: <UP> mtu 9000 qdisc mq state UP mode DEFAULT\\    link/ether` : listed });
  expect(await underlayIn(run, '10.4.0.0/16')).toEqual({ address: '10.4.0.3', mtu: 9_000 });
  expect(await underlayIn(run, '10.4.7.0/24')).toEqual({ address: '10.4.7.7', mtu: 1_500 });
  for (const network of ['10.9.0.0/16', '127.0.0.0/8', 'fd00::/8', 'x']) await expect(underlayIn(run, network), network).rejects.toThrow();
  await expect(underlayIn(async () => ({ code: null, out: '', err: '' }), '10.4.0.0/16')).rejects.toThrow('iproute2');
});
