import { expect, it } from 'vitest';
import type { Offer } from '../provider.ts';
import { planGpus } from './gpu-plan.ts';

const account = { name: 'california' };
const offer = (name: string, gpus: number | null, cents: number | null, more: Partial<Offer> = {}) => ({
  account, offer: { name, machine: 'gpu' as const, about: `${gpus}x ${name}`, gpus, perHour: cents === null ? null : { amount: BigInt(cents) * 10_000_000_000n, currency: 'USD' as const }, minimumMs: 0, periodMs: 60_000, available: true, ...more },
});
const wish = { gpus: 64, gpu: null, provider: null };

it('takes the cheapest whole machines that have so many GPUs together', () => {
  const offers = [offer('gpu_1x_h100', 1, 300), offer('gpu_8x_h100', 8, 2_392), offer('gpu_8x_a100', 8, 1_432), offer('gpu_4x_h100', 4, 1_196)];
  expect(planGpus(wish, offers, 'USD')).toMatchObject({ provider: 'california', machines: 8, offer: { name: 'gpu_8x_a100' } });
  // 8 × 8 and 16 × 4 cost the same.
  expect(planGpus({ ...wish, gpu: 'H100' }, offers, 'USD')).toMatchObject({ machines: 8, offer: { name: 'gpu_8x_h100' } });
  expect(planGpus({ ...wish, gpus: 1, gpu: 'h100' }, offers, 'USD')).toMatchObject({ machines: 1, offer: { name: 'gpu_1x_h100' } });
});

it('takes nothing without a price, in another currency, of another account, or in more machines than one command orders', () => {
  expect(planGpus(wish, [offer('a', 8, null)], 'USD')).toBeNull();
  expect(planGpus(wish, [offer('a', 8, 100)], 'EUR')).toBeNull();
  expect(planGpus({ ...wish, provider: 'paris' }, [offer('a', 8, 100)], 'USD')).toBeNull();
  expect(planGpus({ ...wish, gpus: 65 }, [offer('a', 1, 100)], 'USD')).toBeNull();
  expect(planGpus(wish, [offer('a', null, 100), offer('b', 0, 100)], 'USD')).toBeNull();
});

it('takes what cannot be had now only where nothing else is', () => {
  expect(planGpus(wish, [offer('a', 8, 100, { available: false }), offer('b', 8, 200)], 'USD')?.offer.name).toBe('b');
  expect(planGpus(wish, [offer('a', 8, 100, { available: false })], 'USD')?.offer.name).toBe('a');
});
