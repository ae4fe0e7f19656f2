/** Median of some figures; NaN for none. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The value below which the given share of the figures lies. */
export function percentile(figures: readonly number[], share: number): number {
  const sorted = figures.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Smallest to largest, for print. */
export function spread(figures: readonly number[], digits = 0): string {
  if (figures.length === 0) return '-';
  return `${Math.min(...figures).toFixed(digits)}–${Math.max(...figures).toFixed(digits)}`;
}

/** A Markdown table. */
export function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, header.map((_, at) => (at === 0 ? '---' : '---:')), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
