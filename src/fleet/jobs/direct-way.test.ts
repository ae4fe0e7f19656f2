import fc from 'fast-check';
import { expect, it } from 'vitest';
import { planWay, unreachedText, vniFrom, type WayOffer } from './direct-way.ts';

const NETWORK = '10.4.0.0/16';
const at = (last: number, mtu = 1_500): WayOffer => ({ address: `10.4.${last >> 8}.${last & 255}`, mtu });

it('all offers come to one way, or one reason is why there is none for anybody', () => {
  expect(planWay([at(1), at(2, 9_000), at(3, 1_400)], NETWORK, new Set())).toEqual({ plan: { mtu: 1_350, addresses: ['10.4.0.1', '10.4.0.2', '10.4.0.3'] } });
  const why = (offers: readonly WayOffer[], taken: readonly string[] = []): string => (planWay(offers, NETWORK, new Set(taken)) as { why: string }).why;
  expect(why([at(1), { why: 'the kernel has no VXLAN' }, at(3)])).toBe('rank 1: the kernel has no VXLAN');
  expect(why([at(1), { address: '10.5.0.1', mtu: 1_500 }])).toBe('rank 1: it has no address in its pool\'s network');
  for (const address of ['', '10.4.0.1/32', '10.4.0', 'fd00::1', '::ffff:10.4.0.1', '10.4.0.1 ', '010.4.0.1']) expect(why([{ address, mtu: 1_500 }, at(2)]), address).toContain('rank 0');
  expect(why([at(7), at(2), at(7)])).toBe('ranks 0 and 2 say that they have the same address');
  expect(why([at(7), at(2)], ['10.4.0.2'])).toBe('rank 1: another machine says that it has the same address');
  expect(why([at(1, 600), at(2)])).toContain('no packets of a usual size');
});

it('whatever machines claim, a plan has an address of the network for each, no two the same and none that is another\'s', () => {
  const address = fc.oneof(fc.nat(12).map((last) => `10.4.0.${last}`), fc.ipV4(), fc.string({ maxLength: 15 }));
  const offer: fc.Arbitrary<WayOffer> = fc.oneof({ weight: 6, arbitrary: fc.record({ address, mtu: fc.integer({ min: 0, max: 65_535 }) }) }, { weight: 1, arbitrary: fc.constant({ why: 'no' }) });
  fc.assert(fc.property(fc.array(offer, { minLength: 2, maxLength: 6 }), fc.uniqueArray(address, { maxLength: 3 }), (offers, taken) => {
    const planned = planWay(offers, NETWORK, new Set(taken));
    if ('why' in planned) return planned.why.length > 0;
    const { addresses, mtu } = planned.plan;
    return addresses.length === offers.length && new Set(addresses).size === addresses.length && addresses.every((one, rank) => /^10\.4\.\d+\.\d+$/.test(one) && !taken.includes(one) && 'address' in offers[rank]! && offers[rank].address === one)
      && offers.every((one) => 'mtu' in one && one.mtu - 50 >= mtu) && mtu >= 576;
  }));
});

it('ranks that do not hear each other are named, and a number for a network is 24 bits and never zero', () => {
  expect(unreachedText([[], [], []])).toBeUndefined();
  expect(unreachedText([[], [2], []])).toBe('rank 1 does not reach rank 2 over its pool\'s network: UDP port 4609 has to be open there');
  expect(unreachedText([[], [2, 0], [1]])).toContain('rank 1 does not reach rank 2 over its pool\'s network, and 2 more ways like that');
  fc.assert(fc.property(fc.uuid(), (id) => vniFrom(id) >= 1 && vniFrom(id) < 2 ** 24));
  expect([vniFrom('0192f0c1-7a00-7000-8000-000000000000'), vniFrom('0192f0c1-7a00-7000-8000-000000ffffff')]).toEqual([1, 2 ** 24 - 1]);
});
