/** What of a budget for each model, user or tag is counted: how a name is written beside its window. */

/** A window tells so many names apart; those that come after share one count. */
export const NAMES_AT_MOST = 10_000;
/** Those that came after. */
export const OTHERS = 'others';
/** All calls of a budget that does not count by names. */
export const ALL = '';

export function countedAs(name: string): string {
  return `=${name}`;
}

/** Null: many names, or none in particular. */
export function nameIn(counted: string): string | null {
  return counted.startsWith('=') ? counted.slice(1) : null;
}

interface FullWindow {
  readonly startMs: number;
  /** As `countedAs` writes them. */
  readonly told: ReadonlySet<string>;
}

/** Which names a full window tells apart, as this process learnt it from Postgres. A window that is full stays so, and its names stay. */
export class FullWindows {
  readonly #byBudget = new Map<string, readonly FullWindow[]>();
  /** Rises when a window turned out to be full: what was derived before may count by a name that is not told apart. */
  version = 0;

  /** How a name is counted in a window, as far as is known here. */
  countedIn(budgetId: string, startMs: number, name: string): string {
    const counted = countedAs(name);
    return this.isPastBound(budgetId, startMs, counted) ? OTHERS : counted;
  }

  isPastBound(budgetId: string, startMs: number, counted: string): boolean {
    const full = this.#byBudget.get(budgetId)?.find((one) => one.startMs === startMs);
    return full !== undefined && counted.startsWith('=') && !full.told.has(counted);
  }

  learn(budgetId: string, startMs: number, told: ReadonlySet<string>): void {
    const others = (this.#byBudget.get(budgetId) ?? []).filter((one) => one.startMs !== startMs);
    // This window and, for calls that were admitted before its turn, one beside it.
    this.#byBudget.set(budgetId, [{ startMs, told }, ...others].toSorted((a, b) => b.startMs - a.startMs).slice(0, 2));
    this.version += 1;
  }

  keepOnly(budgetIds: ReadonlySet<string>): void {
    for (const id of this.#byBudget.keys()) if (!budgetIds.has(id)) this.#byBudget.delete(id);
  }
}
