import type { StoredLease } from './rows.ts';

/**
 * Leases in the order of their fences, each with those before it whose grant the same machine has yet to get. Machines refuse fences older than
 * they have seen: of two leases that were placed together, the later one's grant would shut the earlier one out for good if it arrived first.
 */
export function inOrder(stored: readonly StoredLease[]): { readonly one: StoredLease; readonly after: readonly string[] }[] {
  const held = new Map<string, string[]>();
  return stored.map((one) => ({ one, fence: BigInt(one.row.fence) })).toSorted((a, b) => (a.fence < b.fence ? -1 : Number(a.fence > b.fence))).map(({ one }) => {
    const { row, machines } = one;
    const waits = row.observed === 'granting' && row.wanted === 'run' ? machines.filter(({ stage }) => stage === 'held') : [];
    const after = new Set(waits.flatMap(({ machine_id }) => held.get(machine_id) ?? []));
    for (const { machine_id } of waits) held.set(machine_id, [...(held.get(machine_id) ?? []), row.id]);
    return { one, after: [...after] };
  });
}
