import type { LostEpoch } from '../ledger/index.ts';

/** What the doctor says of gateways that ended without posting their log; null: there are none. */
export function lostGateways(lost: readonly LostEpoch[]): { detail: string; next: string } | null {
  const [first] = lost;
  if (first === undefined) return null;
  const more = lost.length > 1 ? `, and ${lost.length - 1} more like it` : '';
  return {
    detail: `${first.id} on ${first.host}, last seen ${first.lastSeenAt}, left a log in ${first.folder}: ${keeps(first)}${more}`,
    next: `Start a gateway on that home, which posts its log. If its disk is gone for good: npm start -- forget ${first.id}`,
  };
}

function keeps({ openCalls, slices }: LostEpoch): string {
  const parts = [...(slices > 0 ? [`slices of ${slices} budgets count as spent`] : []), ...(openCalls > 0 ? [`${openCalls} calls are open`] : []), 'months cannot be closed'];
  return parts.join(', ');
}
