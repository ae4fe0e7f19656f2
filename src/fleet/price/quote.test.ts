import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PriceVersion } from '../../ledger/index.ts';
import { gpu, gpus, mac, machine, request, slice, wholeMac } from '../testing/machines.ts';
import type { LeasableMachine } from '../pools/machines.ts';
import type { MachineView, Want } from '../placement/index.ts';
import { machineFits, unitMatches } from '../placement/fits.ts';
import { priceOf } from './best-price.ts';
import { minutesFor, quote } from './quote.ts';

const leasable = (view: MachineView, more: Partial<LeasableMachine> = {}): LeasableMachine => ({ ...view, name: view.id, leastDay: 'others', idleMinutes: null, record: false, standIn: false, resourceOf: (unit) => (view.kind === 'mac' ? 'mac/m4' : `gpu/${unit.kind}`), ...more });
const version = (resource: string, buckets: PriceVersion['buckets']): PriceVersion => ({ id: resource, organisationId: 'house', resource, tier: 'standard', side: 'sell', backendId: null, currency: 'USD', buckets, effectiveFromMs: 0, source: 'a test' });
const PRICES = new Map([
  ['gpu/h100-80gb', version('gpu/h100-80gb', { minute: { price: 120n, per: 60n } })], ['gpu/1g.10gb', version('gpu/1g.10gb', { minute: { price: 60n, per: 60n } })], ['cheap', version('cheap', { minute: { price: 60n, per: 60n } })],
  ['mac/m4', version('mac/m4', { hour: { price: 5n, per: 1n }, day: { price: 100n, per: 1n }, week: { price: 450n, per: 1n } })],
]);
const ask = (more: Parameters<typeof request>[1], machines: readonly LeasableMachine[], minutes: number | null = 60, atMost: bigint | null = null) => quote(request('r', more), machines, (resource) => PRICES.get(resource), minutes, atMost);

describe('a quote', () => {
  it('is for GPUs, slices, whole machines or several of them', () => {
    const machines = [leasable(machine('a')), leasable(machine('b')), leasable(machine('c', { units: [slice(0, 0)] }))];
    expect(ask({ want: gpus(2) }, machines)).toMatchObject({ resource: 'gpu/h100-80gb', count: 2, cost: 240n, leastDay: false, minutes: 60 });
    expect(ask({ want: { kind: 'units', unit: '1g.10gb', memoryMb: 0, slice: true, count: 1 } }, machines)).toMatchObject({ resource: 'gpu/1g.10gb', cost: 60n });
    expect(ask({ want: { kind: 'whole', machine: 'gpu', unit: 'h100-80gb', macClass: null, xcode: null }, machines: 2 }, machines)).toMatchObject({ count: 16, cost: 1_920n });
  });

  it('is for the cheapest pool that has enough machines', () => {
    const machines = [leasable(machine('a')), leasable(machine('b')), leasable(machine('c', { pool: 'spare' }), { resourceOf: () => 'cheap' })];
    expect(ask({ want: gpus(1) }, machines)).toMatchObject({ pool: 'spare', resource: 'cheap', cost: 60n });
    expect(ask({ want: gpus(1), machines: 2 }, machines)).toMatchObject({ pool: 'gpus', cost: 240n });
    expect(() => ask({ want: gpus(1), machines: 3 }, machines)).toThrow(expect.objectContaining({ code: 'no_such_machine' }));
    expect(() => ask({ want: gpus(1) }, [leasable(machine('a'), { resourceOf: () => 'unpriced' })])).toThrow(expect.objectContaining({ code: 'time_price_unknown' }));
  });

  it('is for what a lease then gets, where a pool has several prices or sizes', () => {
    const kinds = (id: string, units: MachineView['units']) => leasable(machine(id, { units }));
    const l4 = { ...machine('x').units[0]!, kind: 'l4-24gb', memoryMb: 24_000 };
    const price = (resource: string) => PRICES.get(resource === 'gpu/l4-24gb' ? 'cheap' : resource === 'gpu/3g.40gb' ? 'gpu/h100-80gb' : resource);
    const asked = (want: Want, machines: readonly LeasableMachine[]) => quote(request('r', { want }), machines, price, 60, null);
    const pool = [leasable(machine('a')), kinds('b', [l4, { ...l4, id: 'gpu-1', gpu: 1 }])];
    const anyGpu = { kind: 'units', unit: null, memoryMb: 0, slice: false, count: 1 } as const;
    expect(asked(anyGpu, pool)).toMatchObject({ resource: 'gpu/l4-24gb', cost: 60n, want: { unit: null, kinds: ['l4-24gb'] } });
    expect(asked({ ...anyGpu, memoryMb: 40_000 }, pool)).toMatchObject({ resource: 'gpu/h100-80gb', want: { kinds: ['h100-80gb'] } });
    // Nothing is narrowed where the pool has one price for all.
    expect(asked(anyGpu, pool.map((one) => ({ ...one, resourceOf: () => 'cheap' }))).want).toEqual({ ...anyGpu, owners: ['acme'] });
    // Kinds of one price are all the same to who asks for any.
    expect(quote(request('r', { want: anyGpu }), pool, () => PRICES.get('cheap'), 60, null).want).toMatchObject({ kinds: ['h100-80gb', 'l4-24gb'] });
    expect(asked(gpus(1, 'h100-80gb'), pool).want).toEqual({ ...gpus(1, 'h100-80gb'), owners: ['acme'] });
    // The cheapest slice with so much memory, on machines that have several.
    const cut = [kinds('a', [slice(0, 0), { ...slice(0, 1), kind: '3g.40gb', memoryMb: 40_000 }])];
    expect(asked({ ...anyGpu, slice: true }, cut)).toMatchObject({ resource: 'gpu/1g.10gb', want: { kinds: ['1g.10gb'], slice: true } });
    expect(asked({ ...anyGpu, slice: true, memoryMb: 20_000 }, cut)).toMatchObject({ resource: 'gpu/3g.40gb', want: { kinds: ['3g.40gb'] } });
    expect(() => asked({ ...anyGpu, slice: true, count: 2 }, cut)).toThrow(expect.objectContaining({ code: 'no_such_machine' }));
    // A whole machine is paid by its GPUs, so the lease gets one with as many.
    const whole = { kind: 'whole', machine: 'gpu', unit: null, macClass: null, xcode: null } as const;
    const sizes = [leasable(machine('a')), kinds('b', machine('x').units.slice(0, 4))];
    expect(asked(whole, sizes)).toMatchObject({ count: 4, want: { units: 4 } });
    expect(machineFits(sizes[0]!, { ...request('r', {}), want: asked(whole, sizes).want })).toBe(false);
    // One that has GPUs of two prices has none as a whole, and another one is leased.
    expect(() => asked(whole, [kinds('c', [l4, gpu(1)])])).toThrow(expect.objectContaining({ code: 'mixed_machine', message: expect.stringContaining('c has units of several prices (h100-80gb, l4-24gb)') }));
    expect(asked(whole, [kinds('c', [l4, gpu(1)]), leasable(machine('a'))])).toMatchObject({ resource: 'gpu/h100-80gb', count: 8 });
    expect(asked(whole, [{ ...kinds('c', [l4, gpu(1)]), resourceOf: () => 'cheap' }])).toMatchObject({ resource: 'cheap', count: 2, cost: 120n });
  });

  it('asks others than the owner for a day, or all, or nobody, as the pool says', () => {
    const at = (organisationId: string, leastDay: LeasableMachine['leastDay']) => ask({ want: wholeMac, organisationId }, [leasable(mac('a'), { leastDay })]);
    expect(at('acme', 'others')).toMatchObject({ leastDay: false, cost: 5n });
    expect(at('umbrella', 'others')).toMatchObject({ leastDay: true, cost: 100n });
    expect(at('acme', 'always')).toMatchObject({ leastDay: true, cost: 100n });
    expect(at('umbrella', 'never')).toMatchObject({ leastDay: false, cost: 5n });
  });

  it('of a pool that mixes owners is for the machines that have its terms alone, and for those without a day at least where both cost the same', () => {
    const both = [leasable(mac('theirs', { owner: 'house' })), leasable(mac('ours'))];
    const want = (minutes: number) => ask({ want: wholeMac }, both, minutes);
    expect(want(60)).toMatchObject({ leastDay: false, cost: 5n, want: { owners: ['acme'] } });
    expect(want(1_440)).toMatchObject({ leastDay: false, cost: 100n, want: { owners: ['acme'] } });
    // Whoever has none of its own pays the day.
    expect(ask({ want: wholeMac, organisationId: 'umbrella' }, both)).toMatchObject({ leastDay: true, cost: 100n, want: { owners: ['house', 'acme'] } });
  });

  it('of a pool in which Linux stands in for Macs is for those or for Macs, since only a Mac is paid for a day', () => {
    const standIn = (id: string) => leasable(mac(id, { units: [{ ...mac(id).units[0]!, kind: 'stand-in' }], mac: { class: 'stand-in', xcode: [] } }), { leastDay: 'never', standIn: true });
    const [linux, real] = [standIn('linux'), leasable(mac('real'), { leastDay: 'always' })];
    const fits = (quoted: { readonly want: Want; readonly pool: string }, one: LeasableMachine) => machineFits(one, { ...request('r', {}), pool: quoted.pool, want: quoted.want });
    const cheap = ask({ want: wholeMac }, [linux, real]);
    expect(cheap).toMatchObject({ leastDay: false, cost: 5n });
    expect([fits(cheap, linux), fits(cheap, real)]).toEqual([true, false]);
    // Also where the other kind comes into the pool only after the lease was asked for.
    const first = ask({ want: wholeMac }, [real]);
    expect(first).toMatchObject({ leastDay: true, cost: 100n });
    expect([fits(first, linux), fits(first, real)]).toEqual([false, true]);
    expect(fits(ask({ want: wholeMac }, [linux]), real)).toBe(false);
    // And never one of each, which has no one price.
    expect(() => ask({ want: wholeMac, machines: 2 }, [linux, real])).toThrow(expect.objectContaining({ code: 'no_such_machine', message: 'Machines here that fit what is asked for: 1; it asks for 2.' }));
  });

  it('is right for every machine that a lease of it can get: its price, how much of it is paid, and the day at least', () => {
    const kind = fc.constantFrom('h100-80gb', 'l4-24gb');
    const units = fc.oneof(fc.array(kind, { minLength: 1, maxLength: 3 }).map((kinds) => kinds.map((one, at) => gpu(at, one))), fc.tuple(kind, fc.integer({ min: 1, max: 2 })).map(([one, parts]) => [gpu(0, one), ...Array.from({ length: parts }, (_, at) => slice(1, at))]), fc.constant([slice(0, 0), slice(0, 1)]));
    const owner = fc.constantFrom('acme', 'house');
    const terms = fc.record({ leastDay: fc.constantFrom('others' as const, 'always' as const, 'never' as const), resource: fc.constantFrom(null, 'cheap', 'dear') });
    const wants = fc.oneof(
      fc.record({ kind: fc.constant('whole' as const), machine: fc.constant('gpu' as const), unit: fc.constantFrom(null, 'h100-80gb'), macClass: fc.constant(null), xcode: fc.constant(null) }),
      fc.record({ kind: fc.constant('units' as const), unit: fc.constantFrom(null, 'l4-24gb'), memoryMb: fc.constant(0), slice: fc.constant(false), count: fc.integer({ min: 1, max: 2 }) }),
      fc.record({ kind: fc.constant('units' as const), unit: fc.constant(null), memoryMb: fc.constant(0), slice: fc.constant(true), count: fc.constant(1) }), fc.constant(wholeMac),
    );
    const perMinute = new Map([['gpu/h100-80gb', 4n], ['gpu/l4-24gb', 1n], ['gpu/1g.10gb', 1n], ['cheap', 1n], ['dear', 4n], ['cheap/1g.10gb', 1n], ['dear/1g.10gb', 2n], ['mac/m4', 1n]].map(([name, price]) => [name as string, version(name as string, { minute: { price: price as bigint, per: 1n } })]));
    fc.assert(fc.property(fc.array(fc.tuple(units, owner, fc.constantFrom('gpus', 'mac', 'stand-in')), { minLength: 1, maxLength: 6 }), fc.dictionary(owner, terms), wants, owner, (made, pools, want, organisationId) => {
      const machines = made.map(([parts, of, what], at) => {
        const { leastDay, resource } = pools[of] ?? { leastDay: 'others' as const, resource: null };
        const [isMac, standIn] = [what !== 'gpus', what === 'stand-in'];
        const view = isMac ? mac(`m${at}`, { owner: of, pool: 'one', ...(standIn && { mac: { class: 'stand-in', xcode: [] } }) }) : machine(`m${at}`, { owner: of, pool: 'one', units: parts });
        return leasable(view, { leastDay: standIn ? 'never' : leastDay, standIn, resourceOf: (unit) => (isMac ? 'mac/m4' : resource === null ? `gpu/${unit.kind}` : unit.slice ? `${resource}/${unit.kind}` : resource) });
      });
      const asked = request('r', { want, organisationId });
      let quoted;
      try {
        quoted = quote(asked, machines, (resource) => perMinute.get(resource), 60, null);
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^(no_such|mixed)_machine$/) });
        return;
      }
      const placeable = { ...asked, pool: quoted.pool, want: quoted.want };
      const got = machines.filter((one) => machineFits(one, placeable));
      expect(got.length).toBeGreaterThan(0);
      for (const one of got) {
        const given = one.units.filter((unit) => unitMatches(unit, placeable));
        for (const unit of given) expect(perMinute.get(one.resourceOf(unit))!.buckets).toEqual(quoted.price.buckets);
        if (want.kind === 'whole') expect(quoted.count).toBe(one.kind === 'gpu' ? one.units.length : 1);
        expect(quoted.leastDay).toBe(one.leastDay === 'always' || (one.kind === 'mac' && one.leastDay === 'others' && one.owner !== organisationId));
      }
    }), { numRuns: 5_000 });
  });

  it('keeps to what it may cost at most, and ends there where it has no end', () => {
    expect(() => ask({ want: gpus(2) }, [leasable(machine('a'))], 60, 239n)).toThrow(expect.objectContaining({ code: 'over_at_most' }));
    expect(ask({ want: gpus(2) }, [leasable(machine('a'))], 60, 240n).cost).toBe(240n);
    const open = ask({ want: wholeMac, organisationId: 'umbrella' }, [leasable(mac('a'))], null, 320n);
    expect(open.minutes).toBe(3 * 1_440 + 4 * 60);
    expect(priceOf(open.terms, open.minutes!)).toBe(320n);
    expect(minutesFor(open.terms, 99n)).toBe(0);
  });
});
