/** Longer names are compared by their beginning: a wrong name must not cost much. */
const MOST_CHARACTERS = 64;

/** The names that someone who wrote `wanted` may have meant, likeliest first, at most `most`. */
export function nearNames(wanted: string, names: Iterable<string>, most = 3): string[] {
  const target = wanted.toLowerCase().slice(0, MOST_CHARACTERS);
  const limit = Math.max(2, Math.floor(target.length / 3));
  const found: { name: string; distance: number }[] = [];
  for (const name of names) {
    const folded = name.toLowerCase();
    const last = folded.slice(folded.lastIndexOf('/') + 1);
    const within = folded.includes(target) || (last.length > 2 && target.includes(last));
    const distance = within ? 0 : Math.min(boundedDistance(target, folded, limit), boundedDistance(target, last, limit));
    if (distance <= limit) found.push({ name, distance });
  }
  found.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return found.slice(0, most).map(({ name }) => name);
}

/** The distance, or more than the limit where the lengths alone say so. */
function boundedDistance(one: string, other: string, limit: number): number {
  return Math.abs(one.length - other.length) > limit ? limit + 1 : editDistance(one, other);
}

/** Levenshtein's distance, one row at a time. */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[other.length]!;
}
