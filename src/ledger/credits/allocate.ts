/** A credit as far as spending it goes. */
export interface OpenCredit {
  readonly id: string;
  readonly left: bigint;
  readonly grantedAtMs: number;
  /** Null: it never expires. */
  readonly expiresAtMs: number | null;
}

/** Usage of a month that no credit has paid yet. */
export interface Uncovered {
  readonly month: string;
  readonly amount: bigint;
}

export interface Draw {
  readonly creditId: string;
  readonly month: string;
  readonly amount: bigint;
}

/**
 * Which credit pays what: the oldest month first, from the credit that expires first (then the one granted
 * first), so that as little as possible is lost to expiry. Pure. What no credit covers is left out.
 */
export function allocate(credits: readonly OpenCredit[], uncovered: readonly Uncovered[]): Draw[] {
  const order = credits.filter((credit) => credit.left > 0n).sort(byExpiry).map((credit) => ({ id: credit.id, left: credit.left }));
  const draws: Draw[] = [];
  for (const { month, amount } of uncovered.toSorted((a, b) => (a.month < b.month ? -1 : 1))) {
    let open = amount;
    while (open > 0n) {
      const [credit] = order;
      if (credit === undefined) return draws;
      const taken = credit.left < open ? credit.left : open;
      draws.push({ creditId: credit.id, month, amount: taken });
      open -= taken;
      credit.left -= taken;
      if (credit.left === 0n) order.shift();
    }
  }
  return draws;
}

function byExpiry(a: OpenCredit, b: OpenCredit): number {
  const expiry = (a.expiresAtMs ?? Number.POSITIVE_INFINITY) - (b.expiresAtMs ?? Number.POSITIVE_INFINITY);
  if (a.expiresAtMs !== b.expiresAtMs && expiry !== 0) return expiry;
  return a.grantedAtMs - b.grantedAtMs || (a.id < b.id ? -1 : 1);
}
