/** One thing that was checked, and what came of it. */
export interface VerifyCheck {
  readonly id: string;
  readonly title: string;
  readonly state: 'pass' | 'fail';
  /** How many rows were looked at, as text. */
  readonly checked: string;
  /** By how much stored and recomputed amounts differ, picodollars as text. */
  readonly difference: string;
  /** The first fault, and how many more there are; null: none. */
  readonly detail: string | null;
}

/** Collects what one check finds. Keeps the first fault and counts the others, so that memory stays bounded. */
export class Findings {
  readonly id: string;
  readonly title: string;
  #checked = 0n;
  #difference = 0n;
  #faults = 0;
  #first: string | null = null;

  constructor(id: string, title: string) {
    this.id = id;
    this.title = title;
  }

  get first(): string | null {
    return this.#first;
  }

  get difference(): bigint {
    return this.#difference;
  }

  count(rows: number | bigint): void {
    this.#checked += BigInt(rows);
  }

  /** `difference`: stored less recomputed, of whichever sign. */
  fault(text: string, difference = 0n): void {
    this.#first ??= text;
    this.#faults += 1;
    this.#difference += difference < 0n ? -difference : difference;
  }

  done(): VerifyCheck {
    const more = this.#faults > 1 ? ` (and ${this.#faults - 1} more)` : '';
    return {
      id: this.id, title: this.title, state: this.#faults === 0 ? 'pass' : 'fail', checked: String(this.#checked), difference: String(this.#difference),
      detail: this.#first === null ? null : `${this.#first}${more}`,
    };
  }
}

/** What a verification looks at: the whole installation, or one organisation's rows. */
export interface VerifyScope {
  readonly organisationId: string | null;
}
