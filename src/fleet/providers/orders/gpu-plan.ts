import type { MachineProvider, Offer } from '../provider.ts';

/** GPUs that are wanted, in whole machines. */
export interface GpuWish {
  readonly gpus: number;
  /** A word of the offer's name or description, such as h100; null: any. */
  readonly gpu: string | null;
  /** Null: any account. */
  readonly provider: string | null;
}

export interface GpuPlan {
  readonly provider: string;
  readonly offer: Offer;
  readonly machines: number;
}

/** The most machines that one command orders. */
export const MOST_MACHINES = 64;

/**
 * The cheapest machines that have so many GPUs together; of two that cost the same, the fewer. Offers without a price or in another currency
 * cannot be compared, and those that cannot be had now are only taken where nothing else is. Pure.
 * @returns null: nothing of the kind is offered.
 */
export function planGpus({ gpus, gpu, provider }: GpuWish, offers: readonly { readonly account: Pick<MachineProvider, 'name'>; readonly offer: Offer }[], currency: string): GpuPlan | null {
  const word = gpu?.toLowerCase();
  const plans = offers.flatMap(({ account, offer }): (GpuPlan & { readonly perHour: bigint; readonly there: boolean })[] => {
    if (offer.gpus === null || offer.gpus < 1 || offer.perHour?.currency !== currency || (provider !== null && account.name !== provider)) return [];
    if (word !== undefined && !`${offer.name} ${offer.about}`.toLowerCase().includes(word)) return [];
    const machines = Math.ceil(gpus / offer.gpus);
    return machines > MOST_MACHINES ? [] : [{ provider: account.name, offer, machines, perHour: offer.perHour.amount * BigInt(machines), there: offer.available !== false }];
  });
  const sorted = plans.toSorted((a, b) => (a.there === b.there ? (a.perHour === b.perHour ? a.machines - b.machines : a.perHour < b.perHour ? -1 : 1) : a.there ? -1 : 1));
  const [best] = sorted;
  return best === undefined ? null : { provider: best.provider, offer: best.offer, machines: best.machines };
}
