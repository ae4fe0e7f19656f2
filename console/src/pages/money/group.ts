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
  /** What the backends cost us; null where that of any line is unknown. */
  readonly cost: bigint | null;
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
      tokensIn: add(before?.tokensIn, quantities.input) + BigInt(quantities.cache_write ?? 0),
      cached: add(before?.cached, quantities.cache_read),
      tokensOut: add(before?.tokensOut, quantities.output) + BigInt(quantities.reasoning ?? 0),
      charge: add(before?.charge, line.charge),
      cost: line.cost === null || before?.cost === null ? null : add(before?.cost, line.cost),
    });
  }
  return [...rows.values()];
}
