import { afterEach, beforeEach, expect, it } from 'vitest';
import { newLease, openLeaseHouse, type LeaseHouse } from '../testing/lease-house.ts';
import { busyUnits, noteBusy } from './busy.ts';

const MINUTE = 60_000;

let house: LeaseHouse;
beforeEach(async () => { house = await openLeaseHouse(); });
afterEach(() => house[Symbol.asyncDispose]());

it('a GPU works by its duty, a slice by that of its GPU, and a whole machine by its load', () => {
  const busy = busyUnits({ cpu: { cores: 64 }, load: 3.3, gpus: [{ duty: 0 }, { duty: 41 }, { duty: null }, { duty: 'much' }, null] });
  expect(['gpu-0', 'gpu-1', 'gpu-1-3', 'gpu-2', 'gpu-3', 'gpu-4', 'gpu-9', 'whole'].filter(busy)).toEqual(['gpu-1', 'gpu-1-3', 'whole']);
  expect(busyUnits({ cpu: { cores: 8 }, load: 0.3, gpus: 'none' })('whole')).toBe(false);
  expect(busyUnits({})('whole')).toBe(false);
});

it('nobody is told that a lease is idle while its GPU works; and once when it does not', async () => {
  house.views.splice(0, house.views.length, ...house.views.map((view) => ({ ...view, idleMinutes: 30 })));
  const { id } = await house.leases.create(house.admin, newLease({ gpus: 2, minutes: 300 }));
  await house.pass(1_000);
  const { machines } = (await house.leases.show(house.admin, id)).lease;
  const gpus = Array.from({ length: 8 }, (_, index) => ({ duty: machines[0]!.units.includes(`gpu-${index}`) ? 80 : 0 }));
  for (let tries = 0; tries < 5; tries += 1) {
    await noteBusy(house.context, machines[0]!.machineId, { gpus });
    await house.pass(10 * MINUTE, 10 * MINUTE);
  }
  const kinds = async () => (await house.leases.show(house.admin, id)).events.map(({ kind }) => kind);
  expect(await kinds()).not.toContain('idle');
  await noteBusy(house.context, machines[0]!.machineId, { gpus: gpus.map(({ duty }) => ({ duty: duty === 0 ? 80 : 0 })) });
  await house.pass(50 * MINUTE, 10 * MINUTE);
  expect((await kinds()).filter((kind) => kind === 'idle')).toHaveLength(1);
});
