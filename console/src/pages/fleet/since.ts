import type { Lease, Node } from './states.ts';

interface Noted {
  readonly at: string;
  readonly kind: string;
  readonly detail: string;
}

/** Since when a lease is in its state; null where nothing says it. */
export function leaseSince({ state, createdAt, startedAt, stoppedAt, endedAt }: Lease): string | null {
  switch (state) {
    case 'waiting': case 'reserved': return createdAt;
    case 'running': return startedAt;
    case 'wiping': return stoppedAt;
    case 'ended': return endedAt;
    case 'granting': case 'ending': return null;
  }
}

/** Since when a node is in its state; null where nothing says it. @param events those that are kept of it, in any order. */
export function nodeSince({ state, createdAt, lastSeenAt, quarantine, wanted }: Node, events: readonly Noted[]): string | null {
  switch (state) {
    case 'quarantined': return quarantine?.at ?? null;
    case 'cordoned': case 'draining': case 'maintenance': return wanted.at;
    case 'new': return createdAt;
    case 'offline': return lastSeenAt;
    case 'sick': return latest(events, ({ kind }) => kind === 'health');
    case 'removing': return latest(events, ({ kind }) => kind === 'remove');
    case 'removed': return latest(events, ({ kind }) => kind === 'removed');
    case 'ready': return latest(events, (event) => event.kind === 'connected' || event.kind === 'serve' || (event.kind === 'health' && endsSickness(event, events)));
  }
}

function latest(events: readonly Noted[], fits: (event: Noted) => boolean): string | null {
  return events.filter(fits).map(({ at }) => at).toSorted().at(-1) ?? null;
}

/** A node that says it is degraded, or well again after that, was ready all the time. */
function endsSickness({ at }: Noted, events: readonly Noted[]): boolean {
  const before = events.filter((event) => event.kind === 'health' && event.at < at).toSorted((a, b) => a.at.localeCompare(b.at)).at(-1);
  return before?.detail.startsWith('sick') ?? false;
}
