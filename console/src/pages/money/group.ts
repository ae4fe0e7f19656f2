import type { Schemas } from '../../api/client.ts';

type Line = Schemas['Bill']['lines'][number];
export type GroupBy = 'project' | 'key' | 'model' | 'line';

/** A row of the bill: the lines of one project, key or model added up, exactly. */
export interface BillRow {
  readonly id: string;
  readonly name: string;
  /** The key's page, where the row is a key's. */
  readonly keyId: string | null;
  readonly note: string;
  readonly requests: bigint;
  readonly tokensIn: bigint;
  readonly cached: bigint;
  readonly tokensOut: bigint;
  readonly charge: bigint;
  /** What the backends cost us; null where that of any line is unknown, or is not for the reader. */
  readonly cost: bigint | null;
}

type Quantities = Line['quantities'];
/** What a bill shows together as input, without what was read from a cache, and as output. */
const INPUT = ['input', 'cache_write', 'cache_write_1h', 'audio_input', 'image_input'] as const;
const OUTPUT = ['output', 'reasoning', 'audio_output'] as const;

function sum(before: bigint | undefined, quantities: Quantities, buckets: readonly (keyof Quantities)[]): bigint {
  return buckets.reduce((total, bucket) => total + BigInt(quantities[bucket] ?? 0), before ?? 0n);
}

const NO_KEY = 'Console and services';

function identity(line: Line, by: GroupBy): { id: string; name: string; note: string; keyId: string | null } {
  if (by === 'project') return { id: line.projectId, name: line.projectName, note: '', keyId: null };
  if (by === 'model') return { id: line.resource, name: line.resource, note: '', keyId: null };
  const key = { name: line.keyName ?? NO_KEY, keyId: line.keyId };
  if (by === 'key') return { id: `${line.keyId ?? ''} ${line.projectId}`, ...key, note: line.projectName };
  return { id: `${line.projectId} ${line.keyId ?? ''} ${line.resource}`, ...key, note: `${line.projectName} · ${line.resource}` };
}

export function groupBill(lines: readonly Line[], by: GroupBy): BillRow[] {
  const rows = new Map<string, BillRow>();
  for (const line of lines) {
    const { id, name, note, keyId } = identity(line, by);
    const before = rows.get(id);
    const { quantities } = line;
    const add = (old: bigint | undefined, more: string | undefined): bigint => (old ?? 0n) + BigInt(more ?? 0);
    rows.set(id, {
      id, name, note, keyId,
      requests: add(before?.requests, line.requests),
      tokensIn: sum(before?.tokensIn, quantities, INPUT),
      cached: add(before?.cached, quantities.cache_read),
      tokensOut: sum(before?.tokensOut, quantities, OUTPUT),
      charge: add(before?.charge, line.charge),
      cost: line.cost === null || line.cost === undefined || before?.cost === null ? null : add(before?.cost, line.cost),
    });
  }
  return [...rows.values()];
}
