import type { FleetOptions } from '../fleet.ts';

/** A stand-in for the ledger where connections are tried and nothing is leased: whoever asks it for money fails. */
export const nothingLeased: Pick<FleetOptions, 'ledger' | 'operator'> = {
  operator: () => null,
  ledger: { standing: {}, webhooks: { deliveries: { enqueue: async () => {} } } } as unknown as FleetOptions['ledger'],
};
