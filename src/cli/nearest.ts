/** The word that a mistyped one most likely is: at most two letters off, and less than half of it. Undefined: none is close. */
export function nearest(typed: string, words: readonly string[]): string | undefined {
  let [best, least] = [undefined as string | undefined, Math.min(3, Math.ceil(typed.length / 2))];
  for (const word of words) {
    const off = distance(typed, word);
    if (off < least) [best, least] = [word, off];
  }
  return best;
}

/** How many letters are to be put in, left out, changed, or swapped with the next (optimal string alignment). */
function distance(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) next[j] = Math.min(next[j]!, before[j - 2]! + 1);
    }
    [before, row] = [row, next];
  }
  return row[to.length]!;
}
