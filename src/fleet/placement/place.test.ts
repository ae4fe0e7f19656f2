import { describe, expect, it } from 'vitest';
import { fleet, gpu, gpus, holding, mac, machine, request, slice, wholeMac } from '../testing/machines.ts';
import { place } from './place.ts';

const HOUR = 3_600_000;
const NOW = 1_000_000;
const placesOf = (input: Parameters<typeof fleet>[0]) => Object.fromEntries(place(fleet(input)).placed.map(({ requestId, places }) => [requestId, places.map(({ machineId, unitIds }) => `${machineId}:${unitIds.join('+')}`)]));
const waitOf = (input: Parameters<typeof fleet>[0]) => place(fleet(input)).waiting[0];

describe('where a lease goes', () => {
  it('fills up what is begun, or takes the emptiest where that is wished', () => {
    const input = { machines: [machine('a'), machine('b')], holdings: [holding('x', 'b', ['gpu-0', 'gpu-1'], NOW + HOUR)] };
    expect(placesOf({ ...input, requests: [request('r', { want: gpus(2) })] })).toEqual({ r: ['b:gpu-2+gpu-3'] });
    expect(placesOf({ ...input, requests: [request('r', { want: gpus(2), fit: 'spread' })] })).toEqual({ r: ['a:gpu-0+gpu-1'] });
    expect(placesOf({ ...input, requests: [request('r', { want: gpus(7) })] })).toEqual({ r: ['a:gpu-0+gpu-1+gpu-2+gpu-3+gpu-4+gpu-5+gpu-6'] });
  });

  it('looks at kind, memory, pool, labels, and whom a machine is for', () => {
    const machines = [
      machine('old', { units: [gpu(0, 'a100-40gb', 40_960)] }), machine('theirs', { openTo: ['umbrella'] }), machine('east', { labels: { region: 'east' } }), machine('other', { pool: 'spare' }),
    ];
    const at = (more: Parameters<typeof request>[1]) => placesOf({ machines, requests: [request('r', more)] })['r'];
    expect(at({ want: { ...gpus(1), kind: 'units', unit: 'h100-80gb', memoryMb: 80_000, slice: false, count: 1 }, labels: { region: 'east' } })).toEqual(['east:gpu-0']);
    expect(at({ want: gpus(1, 'a100-40gb') })).toEqual(['old:gpu-0']);
    expect(at({ pool: 'spare' })).toEqual(['other:gpu-0']);
    expect(at({ organisationId: 'umbrella', want: gpus(8), machines: 3 })).toHaveLength(3);
    expect(waitOf({ machines, requests: [request('r', { want: gpus(8), machines: 3 })] })).toMatchObject({ code: 'none-fits', reason: 'only 2 of 3 machines of that kind are here', forecastMs: null });
    expect(waitOf({ machines, requests: [request('r', { rawRoot: true })] })).toMatchObject({ code: 'none-fits', reason: 'no machine here is of the kind that is asked for' });
  });

  it('gives slices from the GPU that is cut up most, and never a slice for a GPU', () => {
    const cut = machine('a', { units: [slice(0, 0), slice(0, 1), slice(1, 0), slice(1, 1), gpu(2)] });
    const held = [holding('x', 'a', ['gpu-1-0'], NOW + HOUR)];
    const want = { kind: 'units', unit: '1g.10gb', memoryMb: 0, slice: true, count: 1 } as const;
    expect(placesOf({ machines: [cut], holdings: held, requests: [request('r', { want })] })).toEqual({ r: ['a:gpu-1-1'] });
    expect(placesOf({ machines: [cut], requests: [request('r', { want: gpus(1) }), request('s', { want: gpus(1), askedAtMs: 1 })] })).toEqual({ r: ['a:gpu-2'] });
  });

  it('shares a GPU in time inside one project only', () => {
    const turn = (part: number) => ({ ...gpu(0), id: `turn-${part}`, shared: true });
    const shared = machine('a', { units: [turn(0), turn(1)] });
    const held = [holding('x', 'a', ['turn-0'], NOW + HOUR)];
    expect(placesOf({ machines: [shared], holdings: held, requests: [request('r')] })).toEqual({ r: ['a:turn-1'] });
    expect(placesOf({ machines: [shared], holdings: held, requests: [request('r', { projectId: 'two' })] })).toEqual({});
  });

  it('gives a Mac whole, with the Xcode that is asked for, and keeps it for its last tenant', () => {
    const machines = [mac('a', { keptFor: { organisationId: 'umbrella', untilMs: NOW + HOUR } }), mac('b', { mac: { class: 'm4', xcode: ['16.4'] } })];
    const want = { ...wholeMac, kind: 'whole', machine: 'mac', unit: null, macClass: 'm4', xcode: '26.1' } as const;
    expect(waitOf({ machines, requests: [request('r', { want })] })).toMatchObject({ code: 'busy', forecastMs: NOW + HOUR, next: true });
    expect(placesOf({ machines, requests: [request('r', { want, organisationId: 'umbrella' })] })).toEqual({ r: ['a:machine'] });
    expect(placesOf({ machines, requests: [request('r', { want: { ...want, xcode: '16.4' } })] })).toEqual({ r: ['b:machine'] });
  });

  it('keeps leases apart that wish it', () => {
    const machines = [machine('a'), machine('b')];
    const requests = [request('r', { apart: 'etcd' }), request('s', { apart: 'etcd', askedAtMs: 1 }), request('t', { apart: 'etcd', askedAtMs: 2 })];
    expect(placesOf({ machines, requests })).toEqual({ r: ['a:gpu-0'], s: ['b:gpu-0'] });
    expect(waitOf({ machines, requests })).toMatchObject({ requestId: 't', code: 'apart' });
  });

  it('gives several machines together or none', () => {
    const machines = [machine('a'), machine('b'), machine('c')];
    const holdings = [holding('x', 'a', ['gpu-0'], NOW + HOUR)];
    expect(placesOf({ machines, holdings, requests: [request('r', { want: gpus(8), machines: 2 })] })['r']).toHaveLength(2);
    expect(waitOf({ machines, holdings, requests: [request('r', { want: gpus(8), machines: 3 })] })).toEqual({
      requestId: 'r', code: 'gang', reason: '2 of 3 machines are free, and it begins on all or none', holders: ['x'], forecastMs: NOW + HOUR, next: true,
    });
  });
});

describe('who waits', () => {
  it('is told what for, who has it, and when that ends', () => {
    const machines = [machine('a', { units: [gpu(0)] })];
    const holdings = [holding('x', 'a', ['gpu-0'], NOW + HOUR)];
    const requests = [request('r'), request('s', { askedAtMs: 1 })];
    expect(place(fleet({ machines, holdings, requests })).waiting).toEqual([
      { requestId: 'r', code: 'busy', reason: 'the one machine of that kind is in use', holders: ['x'], forecastMs: NOW + HOUR, next: true },
      { requestId: 's', code: 'busy', reason: 'the one machine of that kind is in use', holders: ['x'], forecastMs: NOW + HOUR, next: false },
    ]);
    expect(waitOf({ machines: [machine('a', { closed: 'cordoned: new disks' })], requests })).toMatchObject({ code: 'closed', reason: '1 of 1 machines of that kind take no lease now: cordoned: new disks' });
    // What its owner's people wrote is not for others.
    expect(waitOf({ machines: [machine('a', { openTo: null, closed: 'quarantined: the wipe after the lease x failed' })], requests: [request('r', { organisationId: 'umbrella' })] })).toMatchObject({ code: 'closed', reason: '1 of 1 machines of that kind take no lease now: quarantined' });
    expect(waitOf({ machines, holdings: [holding('x', 'a', ['gpu-0'], Number.POSITIVE_INFINITY)], requests })).toMatchObject({ code: 'busy', forecastMs: null, next: false });
    // A lease that is past its end has its machine until it is known to be gone.
    expect(waitOf({ machines, holdings: [holding('x', 'a', ['gpu-0'], NOW - HOUR)], requests })).toMatchObject({ code: 'busy' });
  });

  it('lets short ones by as long as they are gone in time', () => {
    const machines = [machine('a', { units: [gpu(0), gpu(1)] })];
    const holdings = [holding('x', 'a', ['gpu-0'], NOW + HOUR)];
    const big = request('big', { want: gpus(2) });
    const short = request('short', { askedAtMs: 1, durationMs: HOUR - 60_000 });
    const long = request('long', { askedAtMs: 2, durationMs: HOUR });
    expect(placesOf({ machines, holdings, requests: [big, long, short] })).toEqual({ short: ['a:gpu-1'] });
    expect(place(fleet({ machines, holdings, requests: [big, long] })).waiting).toMatchObject([{ requestId: 'big', next: true, forecastMs: NOW + HOUR }, { requestId: 'long', code: 'reserved' }]);
  });

  it('may have its machines from a time on, which others use until then', () => {
    const machines = [machine('a', { units: [gpu(0)] })];
    const later = request('later', { startAtMs: NOW + 2 * HOUR });
    const result = place(fleet({ machines, requests: [later, request('now', { askedAtMs: 1 }), request('long', { askedAtMs: 2, durationMs: 4 * HOUR })] }));
    expect(result.placed).toEqual([
      { requestId: 'later', fromMs: NOW + 2 * HOUR, untilMs: NOW + 3 * HOUR + 60_000, places: [{ machineId: 'a', unitIds: ['gpu-0'] }] },
      { requestId: 'now', fromMs: NOW, untilMs: NOW + HOUR + 60_000, places: [{ machineId: 'a', unitIds: ['gpu-0'] }] },
    ]);
    const reservations = [{ leaseId: 'later', organisationId: 'acme', projectId: 'one', machineId: 'a', unitIds: ['gpu-0'], apart: null, fromMs: NOW + 2 * HOUR, untilMs: NOW + 3 * HOUR }];
    expect(waitOf({ machines, reservations, requests: [request('long', { durationMs: 2 * HOUR })] })).toMatchObject({ code: 'reserved', forecastMs: NOW + 3 * HOUR });
  });

  it('is held back by quotas of leases, machines, GPUs and what providers bill, in the same step', () => {
    const machines = [machine('a'), machine('b')];
    const none = { scope: 'project', id: 'one', holder: 'the project web', nodes: null, gpus: null, leases: null, spend: null } as const;
    const requests = [request('r', { want: gpus(4) }), request('s', { want: gpus(4), askedAtMs: 1, providerSpend: 5_000_000_000_000n })];
    const reason = (more: object) => waitOf({ machines, requests, quotas: [{ ...none, ...more }] })?.reason;
    expect(reason({ gpus: 6 })).toBe('the project web may have 6 GPUs at a time, has 4 and asks for 4 more; let something end, or set another quota: tandem quotas');
    expect(reason({ leases: 1 })).toBe('the project web may have 1 lease at a time, has 1 and asks for 1 more; let something end, or set another quota: tandem quotas');
    // Both are on one machine, which is had once; the third one is not.
    expect(reason({ nodes: 1 })).toBeUndefined();
    expect(waitOf({ machines, requests: [...requests, request('t', { want: gpus(4), askedAtMs: 2 })], quotas: [{ ...none, nodes: 1 }] })?.reason).toBe('the project web may have 1 machine at a time, has 1 and asks for 1 more; let something end, or set another quota: tandem quotas');
    expect(reason({ spend: { most: 9_000_000_000_000n, spent: 6_000_000_000_000n } })).toBe('providers may bill the project web 9.00 this month, bill 6.00 already, and would bill 5.00 more; let something end, or set another quota: tandem quotas');
    expect(reason({ scope: 'organisation', id: 'acme', holder: 'the organisation Acme', gpus: 4 })).toBe('the organisation Acme may have 4 GPUs at a time, has 4 and asks for 4 more; let something end, or set another quota: tandem quotas');
    expect(reason({ gpus: 8, leases: 2, nodes: 2 })).toBeUndefined();
  });
});
