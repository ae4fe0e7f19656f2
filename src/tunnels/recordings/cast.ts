/** Thrown for what is no recording. Its message says where and why, and repeats nothing of it. */
export class CastFault extends Error {}

export interface CastFacts {
  readonly columns: number;
  readonly rows: number;
  readonly seconds: number;
}

/** What a node may send of one session. */
export const MOST_CAST_BYTES = 16 * 1024 * 1024;
const MOST_EVENTS = 500_000;
const MOST_LINE = 512 * 1024;
const MOST_SIZE = 1_000;
/** A year: no session is longer. */
const MOST_SECONDS = 366 * 86_400;
/** Between two breaths of the process. */
const AT_ONCE = 2_000;
const KINDS = new Set(['o', 'i', 'r', 'm', 'x']);

/**
 * Reads a recording as asciicast of version 2 describes it (docs.asciinema.org/manual/asciicast/v2): a header, then an event to each line. It comes from
 * a machine, so all of it is looked at before any of it is kept.
 * @throws CastFault
 */
export async function readCast(bytes: Buffer): Promise<CastFacts> {
  if (bytes.length > MOST_CAST_BYTES) throw new CastFault(`it has more than ${MOST_CAST_BYTES} bytes`);
  let at = 0;
  let line = 0;
  let header: Omit<CastFacts, 'seconds'> | undefined;
  let seconds = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf(10, at);
    const text = bytes.subarray(at, end === -1 ? bytes.length : end);
    at += text.length + 1;
    line += 1;
    if (text.length > MOST_LINE) throw new CastFault(`line ${line} is longer than ${MOST_LINE} bytes`);
    if (line > MOST_EVENTS) throw new CastFault(`it has more than ${MOST_EVENTS} lines`);
    if (text.length === 0) continue;
    const value = parse(text, line);
    if (header === undefined) header = headerOf(value);
    else seconds = timeOf(value, seconds, line);
    if (line % AT_ONCE === 0) await new Promise((resolve) => { setImmediate(resolve); });
  }
  if (header === undefined) throw new CastFault('it is empty');
  return { ...header, seconds };
}

function parse(text: Buffer, line: number): unknown {
  try {
    return JSON.parse(text.toString('utf8'));
  } catch {
    throw new CastFault(`line ${line} is not JSON`);
  }
}

function headerOf(value: unknown): Omit<CastFacts, 'seconds'> {
  const { version, width, height } = (value ?? {}) as { version?: unknown; width?: unknown; height?: unknown };
  if (version !== 2) throw new CastFault('it is not an asciicast of version 2');
  if (!isSize(width) || !isSize(height)) throw new CastFault('its size is not one of a terminal');
  return { columns: width, rows: height };
}

function timeOf(value: unknown, before: number, line: number): number {
  if (!Array.isArray(value) || value.length !== 3) throw new CastFault(`line ${line} is no event`);
  const [time, kind, text] = value as unknown[];
  if (typeof time !== 'number' || !Number.isFinite(time) || time < before || time > MOST_SECONDS) throw new CastFault(`the time of line ${line} is not one`);
  if (typeof kind !== 'string' || !KINDS.has(kind) || typeof text !== 'string') throw new CastFault(`line ${line} is no event`);
  return time;
}

const isSize = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MOST_SIZE;
