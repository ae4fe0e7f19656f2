/** A bar of a waterfall: when it began and how long it took, in milliseconds. */
export interface Bar {
  readonly label: string;
  readonly startMs: number;
  readonly ms: number;
  readonly note: string;
}

/** Columns that the bars have together. */
const WIDTH = 36;

/** Bars under each other on one time scale, with their length and what each waited for. Nothing is drawn past `totalMs`. */
export function waterfall(bars: readonly Bar[], totalMs: number): string[] {
  const labels = Math.max(0, ...bars.map(({ label }) => label.length));
  const times = bars.map(({ ms }) => msText(ms));
  const widest = Math.max(0, ...times.map(({ length }) => length));
  const place = (atMs: number) => (totalMs <= 0 ? 0 : Math.round((Math.min(Math.max(atMs, 0), totalMs) / totalMs) * WIDTH));
  return bars.map(({ label, startMs, ms, note }, index) => {
    const start = Math.min(place(startMs), WIDTH - 1);
    const length = Math.max(1, place(startMs + ms) - start);
    const drawn = `${' '.repeat(start)}${'█'.repeat(length)}`.padEnd(WIDTH);
    return `${label.padEnd(labels)}  ${drawn}  ${times[index]!.padStart(widest)}  ${note}`.trimEnd();
  });
}

/** 0.4 ms, 340 ms, 1.24 s, 2 min 5 s. */
export function msText(ms: number | null): string {
  if (ms === null) return '-';
  if (ms < 10) return `${Math.round(ms * 10) / 10} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(2)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
