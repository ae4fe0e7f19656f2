/** Where an event lies in the logs. */
export interface Placed {
  readonly epochId: string;
  readonly sequence: bigint;
  readonly recordedAtMs: number;
}

/**
 * The first `most` of some events in the order (recorded, epoch, sequence), of each log without a gap from its start: a
 * clock that was set back must not let a later event of a log go before an earlier one, which would then never be sent.
 */
export function takePage<T extends Placed>(rows: readonly T[], most: number): T[] {
  const latest = new Map<string, number>();
  // Within a log the order is that of the sequence, so an event counts as recorded when the latest before it was.
  const ordered = rows.toSorted((a, b) => (a.epochId < b.epochId ? -1 : a.epochId > b.epochId ? 1 : a.sequence < b.sequence ? -1 : 1)).map((row) => {
    const atMs = Math.max(row.recordedAtMs, latest.get(row.epochId) ?? Number.NEGATIVE_INFINITY);
    latest.set(row.epochId, atMs);
    return { row, atMs };
  });
  // The sort is stable: what was recorded at one moment stays by log and sequence.
  return ordered.toSorted((a, b) => a.atMs - b.atMs).slice(0, most).map(({ row }) => row);
}

/** A log with events behind a feed's mark. */
export interface LogAhead {
  readonly epochId: string;
  readonly mark: bigint;
  /** Its last event when the feed's events were read, or an earlier one. */
  readonly end: bigint;
}

/**
 * How far each log is taken with a page: up to its last event in the page; and where everything that was read of a log is in
 * it, and the reading was not cut at `most`, up to the log's end, so that other organisations' events are looked through once.
 */
export function marksAfter(logs: readonly LogAhead[], read: readonly Placed[], page: readonly Placed[], most: number): { readonly epochId: string; readonly after: bigint }[] {
  return logs.flatMap(({ epochId, mark, end }) => {
    const ofLog = (rows: readonly Placed[]) => rows.filter((row) => row.epochId === epochId);
    const [all, taken] = [ofLog(read), ofLog(page)];
    const last = taken.reduce((highest, { sequence }) => (sequence > highest ? sequence : highest), mark);
    const after = all.length < most && all.length === taken.length && end > last ? end : last;
    return after > mark ? [{ epochId, after }] : [];
  });
}
