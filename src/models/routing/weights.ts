/**
 * Picks by weight so that the shares are exact: of any `sum of weights` picks in a row from the beginning, each one gets exactly
 * its weight, spread evenly. (The smooth weighted round robin that nginx describes.) Chance would only come near it.
 *
 * @param weights of those that can be picked now; whole numbers, 0: only when all are 0.
 * @param credits of the same, from the pick before.
 * @returns the indexes, the picked one first and the next likeliest after it, and the credits for the next pick.
 */
export function pickByWeight(weights: readonly number[], credits: readonly number[]): { readonly order: number[]; readonly credits: number[] } {
  const raised = credits.map((credit, index) => credit + weights[index]!);
  // One with weight 0 stands behind all that have one, whatever its credit was when it had one.
  const order = weights.map((_, index) => index).sort((a, b) => Number(weights[b]! > 0) - Number(weights[a]! > 0) || raised[b]! - raised[a]! || a - b);
  const picked = order[0];
  if (picked !== undefined) raised[picked]! -= weights.reduce((sum, weight) => sum + weight, 0);
  return { order, credits: raised };
}
