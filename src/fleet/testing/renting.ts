import { silentLogger, systemRandom, type Clock } from '../../base/index.ts';
import type { TestAccess } from '../../access/testing.ts';
import type { NodeLink } from '../ports.ts';
import { Arrivals, type ArrivalsOptions } from '../providers/arrival/arrivals.ts';
import { probePort } from '../providers/arrival/probe.ts';
import { enterBySsh } from '../providers/arrival/ssh-entry.ts';
import { OrderReconciler } from '../providers/orders/order-reconciler.ts';
import { Orders } from '../providers/orders/orders.ts';
import type { MachineAccess, MachineProvider, ProviderMachine } from '../providers/provider.ts';
import type { Fleet } from '../fleet.ts';

/** An account with one machine, in memory: a stand-in of no provider in particular. The machine itself may be real. */
export class OneMachineAccount implements MachineProvider {
  readonly kind = 'static';
  readonly name = 'rented';
  readonly traits = { ordersOnce: true, reinstalls: true };
  readonly #access: () => MachineAccess;
  readonly #reinstalled: () => Promise<void>;
  #tag: string | null = null;
  #state: ProviderMachine['state'] = 'ready';

  constructor(access: () => MachineAccess, reinstalled: () => Promise<void> = () => Promise.resolve()) {
    this.#access = access;
    this.#reinstalled = reinstalled;
  }

  offers() {
    return Promise.resolve([{ name: 'one', machine: 'mac' as const, about: 'a stand-in, not macOS', gpus: null, perHour: { amount: 290_000_000_000n, currency: 'USD' as const }, minimumMs: 0, periodMs: 60_000, available: true }]);
  }

  order({ tag }: { readonly tag: string }): Promise<ProviderMachine> {
    this.#tag = tag;
    return this.show();
  }

  show(): Promise<ProviderMachine> {
    return Promise.resolve({ id: 'machine-1', tag: this.#tag, name: 'machine-1', offer: 'one', state: this.#state, reason: this.#state, estimateAtMs: null, billedSinceMs: null, deletableAtMs: null });
  }

  async advance(): Promise<ProviderMachine> {
    if (this.#state === 'reinstalling') await this.#reinstalled();
    if (this.#state !== 'gone') this.#state = 'ready';
    return this.show();
  }

  access(): Promise<MachineAccess> {
    return Promise.resolve(this.#access());
  }

  reinstall(): Promise<ProviderMachine> {
    this.#state = 'reinstalling';
    return this.show();
  }

  release(): Promise<ProviderMachine> {
    this.#state = 'gone';
    return this.show();
  }

  list(): Promise<readonly ProviderMachine[]> {
    return this.show().then((machine) => [machine]);
  }
}

export interface Renting {
  readonly orders: Orders;
  readonly reconciler: OrderReconciler;
  readonly arrivals: Arrivals;
  /** Another process that looks after the same orders. */
  newArrivals(): Arrivals;
}

/** Orders at one account, with what makes nodes of them. By default by OpenSSH's own client and a real look at ports. */
export function openRenting(house: Pick<TestAccess, 'database' | 'access'> & { readonly fleet: Pick<Fleet, 'nodes' | 'enrolments'> }, account: MachineProvider, link: Pick<NodeLink, 'isConnected' | 'ask'>, clock: Clock, newId: () => string, more: Partial<ArrivalsOptions> = {}): Renting {
  const shared = { database: house.database, access: house.access, clock, log: silentLogger, newId, providers: new Map([[account.name, account]]) };
  const newArrivals = () => new Arrivals({ ...shared, keys: new Map(), enrolments: house.fleet.enrolments, link, enter: enterBySsh, probe: probePort, ...more });
  return { orders: new Orders({ ...shared, machines: { costs: () => Promise.resolve(new Map()) } }), reconciler: new OrderReconciler({ ...shared, random: systemRandom, nodes: house.fleet.nodes }), arrivals: newArrivals(), newArrivals };
}
