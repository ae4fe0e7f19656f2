import type { Bucket } from '../prices/types.ts';
import { labelsIn, type Labels } from './labels.ts';
import type { UsageEvent, UsagePlace } from './usage-event.ts';

/** As much of an event as budgets and late usage ask for. */
export type CountedEvent = Pick<UsageEvent, 'id' | 'occurredAtMs' | 'charge'>;

/** The events of one place and UTC day, and of one user and set of tags where budgets count by them: summed up before they meet the database. */
export interface DayOfPlace {
  readonly place: UsagePlace;
  /** Days since 1970, UTC. */
  readonly day: number;
  /** None where no budget of the organisation counts by them. */
  readonly labels: Labels;
  readonly events: CountedEvent[];
  readonly lines: Map<Bucket, { quantity: bigint; amount: bigint; events: number }>;
  charge: bigint;
  freed: bigint;
  cost: bigint;
  costUnknown: number;
  failed: number;
}

export const DAY_MS = 86_400_000;

const NO_LABELS: Labels = { user: '', tags: [] };

/** What a set of events adds to sums and budgets. Their order does not matter. */
export class Tally {
  readonly #labelled: ReadonlySet<string>;
  readonly #places = new Map<UsagePlace, Map<string | number, DayOfPlace>>();

  /** `labelled`: organisations with a budget that counts by user or tag. */
  constructor(labelled: ReadonlySet<string>) {
    this.#labelled = labelled;
  }

  add(event: UsageEvent): void {
    const day = this.#dayOf(event);
    const { id, occurredAtMs, charge, cost } = event;
    day.events.push({ id, occurredAtMs, charge });
    day.charge += charge;
    day.freed += event.freed;
    if (event.outcome === 'failed') day.failed += 1;
    if (cost === null) day.costUnknown += 1;
    else day.cost += cost;
    for (const { bucket, quantity, amount } of event.lines) {
      const line = day.lines.get(bucket);
      if (line === undefined) {
        day.lines.set(bucket, { quantity, amount, events: 1 });
        continue;
      }
      line.quantity += quantity;
      line.amount += amount;
      line.events += 1;
    }
  }

  days(): DayOfPlace[] {
    return [...this.#places.values()].flatMap((days) => [...days.values()]);
  }

  #dayOf({ place, occurredAtMs, attributes }: UsageEvent): DayOfPlace {
    const day = Math.floor(occurredAtMs / DAY_MS);
    const labels = this.#labelled.has(place.organisationId) ? labelsIn(attributes) : NO_LABELS;
    const name = labels === NO_LABELS ? day : `${day} ${JSON.stringify(labels)}`;
    let days = this.#places.get(place);
    if (days === undefined) {
      days = new Map();
      this.#places.set(place, days);
    }
    let one = days.get(name);
    if (one === undefined) {
      one = { place, day, labels, events: [], lines: new Map(), charge: 0n, freed: 0n, cost: 0n, costUnknown: 0, failed: 0 };
      days.set(name, one);
    }
    return one;
  }
}
