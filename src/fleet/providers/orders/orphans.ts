import type { Clock, Logger } from '../../../base/index.ts';
import type { Database } from '../../../db/index.ts';
import { ProviderFault } from '../fault.ts';
import type { MachineProvider, OfferPrice } from '../provider.ts';

export interface OrphansOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly providers: ReadonlyMap<string, MachineProvider>;
}

/** Finds machines that an account is billed for and that no order here knows. They are told of, never deleted: somebody may use them. */
export class Orphans {
  readonly #options: OrphansOptions;

  constructor(options: OrphansOptions) {
    this.#options = options;
  }

  /** Looks through every account once. One that does not answer keeps what was known of it. */
  async look(signal?: AbortSignal): Promise<void> {
    for (const provider of this.#options.providers.values()) {
      if (signal?.aborted === true) return;
      try {
        await this.#lookAt(provider);
      } catch (error) {
        if (!(error instanceof ProviderFault)) throw error;
        this.#options.log.warn({ provider: provider.name, fault: error.kind }, 'a provider\'s machines could not be listed');
      }
    }
  }

  async #lookAt(provider: MachineProvider): Promise<void> {
    const { database, clock, log } = this.#options;
    const all = database.unscoped('what the operator\'s accounts are billed for');
    const now = new Date(clock.nowMs());
    // Orders are read after the list: what was ordered in between is known by then.
    const machines = (await provider.list()).filter(({ state }) => state !== 'gone');
    const orders = await all.selectFrom('provider_orders').select(['id', 'machine_id']).where('provider', '=', provider.name).where('observed', '<>', 'gone').execute();
    const known = new Set(orders.flatMap(({ machine_id }) => machine_id ?? []));
    // An order without a machine yet will find its own by the tag; a second one with that tag stays an orphan.
    const awaited = new Set(orders.filter(({ machine_id }) => machine_id === null).map(({ id }) => `tandem-${id}`));
    const orphans = machines.filter(({ id, tag }) => !known.has(id) && (tag === null || !awaited.has(tag)));
    const prices = orphans.length === 0 ? new Map<string, OfferPrice | null>() : new Map((await provider.offers()).map(({ name, perHour }) => [name, perHour]));
    const before = new Set((await all.selectFrom('provider_orphans').select('machine_id').where('provider', '=', provider.name).execute()).map(({ machine_id }) => machine_id));
    for (const one of orphans) {
      const price = prices.get(one.offer) ?? null;
      const told = { tag: one.tag, name: one.name, offer: one.offer, state: one.state, per_hour: price === null ? null : String(price.amount), currency: price?.currency ?? null, billed_since: one.billedSinceMs === null ? null : new Date(one.billedSinceMs), last_seen_at: now };
      await all.insertInto('provider_orphans').values({ provider: provider.name, machine_id: one.id, first_seen_at: now, ...told }).onConflict((on) => on.columns(['provider', 'machine_id']).doUpdateSet(told)).execute();
      if (!before.has(one.id)) log.warn({ provider: provider.name, machine: one.id, offer: one.offer }, 'a provider bills for a machine that no order here knows');
    }
    await all.deleteFrom('provider_orphans').where('provider', '=', provider.name).where('last_seen_at', '<', now).execute();
  }
}
