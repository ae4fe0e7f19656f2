/** What a player needs of a recording: an asciicast of version 2, as docs.asciinema.org/manual/asciicast/v2 describes it. */
export interface Cast {
  readonly columns: number;
  readonly rows: number;
  readonly events: readonly CastEvent[];
  readonly seconds: number;
}

export type CastEvent = { readonly at: number; readonly text: string } | { readonly at: number; readonly columns: number; readonly rows: number };

export const MOST_CAST_BYTES = 16 * 1024 * 1024;
const MOST_EVENTS = 500_000;
const MOST_SIZE = 1_000;

/**
 * Reads a recording. What a machine recorded is hostile, although the server has looked at it.
 * @throws Error whose message says what is wrong, and repeats nothing of it.
 */
export function readCast(text: string): Cast {
  const lines = text.split('\n').filter((line) => line !== '');
  if (lines.length > MOST_EVENTS) throw new Error('it has too many lines');
  const [first, ...rest] = lines.map((line, index) => parse(line, index + 1));
  const { version, width, height } = (first ?? {}) as Record<string, unknown>;
  if (version !== 2 || !isSize(width) || !isSize(height)) throw new Error('it is not an asciicast of version 2');
  let before = 0;
  const events = rest.flatMap((value, index): CastEvent[] => {
    if (!Array.isArray(value) || value.length !== 3) throw new Error(`line ${index + 2} is no event`);
    const [at, kind, what] = value as unknown[];
    if (typeof at !== 'number' || !Number.isFinite(at) || at < before || typeof what !== 'string') throw new Error(`line ${index + 2} is no event`);
    before = at;
    if (kind === 'o') return [{ at, text: what }];
    const [, columns, rows] = kind === 'r' ? (/^(\d{1,4})x(\d{1,4})$/.exec(what) ?? []) : [];
    return isSize(Number(columns)) && isSize(Number(rows)) ? [{ at, columns: Number(columns), rows: Number(rows) }] : [];
  });
  return { columns: width, rows: height, events, seconds: before };
}

function parse(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new Error(`line ${number} is not JSON`);
  }
}

const isSize = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MOST_SIZE;

/** Which events are shown between two times, and whether the screen has to begin anew for them. */
export function between({ events }: Cast, from: number, to: number): { readonly anew: boolean; readonly events: readonly CastEvent[] } {
  const anew = to < from;
  return { anew, events: events.filter(({ at }) => at <= to && (anew || at > from)) };
}

/** Minutes and seconds: 1:05. */
export function clockText(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
