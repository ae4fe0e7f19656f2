/** Colours of `tokens.css` for things that are told apart in a plot. */
const COLOURS = ['--series-1', '--series-2', '--series-3', '--series-4', '--series-5', '--series-6', '--series-7', '--series-8'] as const;
export const OTHERS_COLOUR = '--series-rest';

/** A colour for each name, the same one on every page as long as no two of a plot would get the same: then the later one takes the next that is free. */
export function seriesColours(names: readonly string[]): Map<string, string> {
  const taken = new Set<string>();
  const colours = new Map<string, string>();
  for (const name of names.toSorted()) {
    let hash = 0;
    for (const character of name) hash = (hash * 31 + character.charCodeAt(0)) >>> 0;
    const free = Array.from({ length: COLOURS.length }, (_, step) => COLOURS[(hash + step) % COLOURS.length]!).find((colour) => !taken.has(colour)) ?? COLOURS[hash % COLOURS.length]!;
    taken.add(free);
    colours.set(name, free);
  }
  return colours;
}
