/**
 * How long those wait who come at any time, when nobody is served during the given gaps and everybody at once outside of them.
 * @param gaps of a span of `spanMs`, ms each.
 * @param share 0.99: so many wait no longer than the result, ms.
 */
export function waitAt(gaps: readonly number[], spanMs: number, share: number): number {
  const falling = gaps.toSorted((a, b) => b - a);
  const beyondMs = spanMs * (1 - share);
  // Of those who come in a gap of g, those of its first g - w wait longer than w. So many gaps are longer than w, and last so long together:
  let togetherMs = 0;
  for (const [at, gap] of falling.entries()) {
    togetherMs += gap;
    const waitMs = (togetherMs - beyondMs) / (at + 1);
    if (waitMs > (falling[at + 1] ?? 0)) return waitMs;
  }
  return 0;
}
