import type { Currency, Picodollars } from '../../base/index.ts';

export const PROVIDER_KINDS = ['scaleway', 'ec2-mac', 'static', 'lambda'] as const;
export type ProviderKind = (typeof PROVIDER_KINDS)[number];

/** What a provider charges for a machine by itself, before tax. */
export interface OfferPrice {
  readonly amount: Picodollars;
  readonly currency: Currency;
}

/** A kind of machine that can be ordered. */
export interface Offer {
  /** As the provider names it, such as M4-M or mac2.metal. */
  readonly name: string;
  readonly machine: 'mac' | 'gpu';
  /** For people: processor, memory, GPUs. */
  readonly about: string;
  /** GPUs that can be leased of it; null: the provider does not say, or it is a Mac. */
  readonly gpus: number | null;
  /** Null: the provider's API names none and the operator entered none. Unknown is not zero, so nothing is ordered at it. */
  readonly perHour: OfferPrice | null;
  /** What is charged at least, however early the machine is given back. */
  readonly minimumMs: number;
  /** What is charged is a whole number of these, after the minimum. */
  readonly periodMs: number;
  /** Whether it can be had now; null: the provider does not say before one orders. */
  readonly available: boolean | null;
}

/** What is asked of a provider. */
export interface OrderWish {
  readonly offer: string;
  /** Made and written down by the caller before the call. Stands on the machine, so that one whose order was forgotten is found again. */
  readonly tag: string;
}

/**
 * `delivering` and `reinstalling` pass by themselves; `ready` can be entered; `failed` needs a person at the provider;
 * `leaving` is given back and may still be billed; `gone` is not billed.
 */
export type MachineState = 'delivering' | 'ready' | 'reinstalling' | 'failed' | 'leaving' | 'gone';

/** A machine as its provider shows it. Texts are made safe. */
export interface ProviderMachine {
  readonly id: string;
  /** Null: it was not ordered from here. */
  readonly tag: string | null;
  readonly name: string;
  readonly offer: string;
  readonly state: MachineState;
  /** The provider's own word for it, and why it waits. */
  readonly reason: string;
  /** When the state is expected to pass, by what the provider publishes; null: it says nothing of it. */
  readonly estimateAtMs: number | null;
  /** Since when it is billed; null: the provider does not say. */
  readonly billedSinceMs: number | null;
  /** Before it the provider takes nothing back; null: at any time. */
  readonly deletableAtMs: number | null;
}

/** How a delivered machine is entered for the first time. Never stored and never logged. */
export interface MachineAccess {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** The password that the provider reports; null: a key is known there. To be changed at enrolment. */
  readonly password: string | null;
  /** A line of known_hosts without the host; null: the provider reports none, so the first connection proves nothing. */
  readonly hostKey: string | null;
}

/** What an adapter's API can do by itself; the rest is done here. */
export interface ProviderTraits {
  /** Two orders with one tag are one machine, by the provider's own promise. Otherwise it is looked for before it is ordered. */
  readonly ordersOnce: boolean;
  readonly reinstalls: boolean;
}

/**
 * Whole machines at one account of one provider. Every method makes few calls, is safe to repeat, and ends within the client's deadline.
 * All throw `ProviderFault` and nothing else.
 */
export interface MachineProvider {
  /** As the operator named the account. */
  readonly name: string;
  readonly kind: ProviderKind;
  readonly traits: ProviderTraits;
  offers(): Promise<readonly Offer[]>;
  /** The same tag again gives the same machine. @throws ProviderFault no_capacity, quota, refused. */
  order(wish: OrderWish): Promise<ProviderMachine>;
  /** @throws ProviderFault not_found. */
  show(id: string): Promise<ProviderMachine>;
  /**
   * Does what a delivery or reinstallation waits for from this side, where the provider needs several steps; else it only looks.
   * @param turn counts reinstallations, so that each is asked for once.
   */
  advance(machine: ProviderMachine, turn: number): Promise<ProviderMachine>;
  /** @throws ProviderFault busy until it is ready. */
  access(id: string): Promise<MachineAccess>;
  /** Begins to delete all that is on it; done when it is `ready` again. @throws ProviderFault refused where nothing can do that. */
  reinstall(id: string): Promise<ProviderMachine>;
  /** Gives it back, or goes one step towards it: to be repeated until it is `gone`. @throws ProviderFault not_before, busy. */
  release(id: string): Promise<ProviderMachine>;
  /** Everything of this kind that the account is billed for, ordered from here or not. */
  list(): Promise<readonly ProviderMachine[]>;
}
