import { expect, it } from 'vitest';
import { leaseSince, nodeSince } from './since.ts';
import type { Lease, Node } from './states.ts';

const at = (hour: number): string => `2026-11-23T${String(hour).padStart(2, '0')}:00:00.000Z`;
const node = (some: Partial<Node>): Node => ({ createdAt: at(1), lastSeenAt: at(9), quarantine: null, wanted: { what: 'serve', at: null }, ...some }) as Node;
const event = (hour: number, kind: string, detail = '') => ({ at: at(hour), kind, detail });

it('says since when a lease is in its state, where something notes it', () => {
  const lease = { createdAt: at(1), startedAt: at(2), stoppedAt: at(3), endedAt: at(4) } as Lease;
  expect((['waiting', 'reserved', 'granting', 'running', 'ending', 'wiping', 'ended'] as const).map((state) => leaseSince({ ...lease, state }))).toEqual([at(1), at(1), null, at(2), null, at(3), at(4)]);
});

it('says since when a node is in its state, by itself or by what happened to it', () => {
  const wanted = { what: 'drain', at: at(5) } as Node['wanted'];
  expect(nodeSince(node({ state: 'draining', wanted }), [])).toBe(at(5));
  expect(nodeSince(node({ state: 'quarantined', quarantine: { reason: 'two have its key', at: at(6) } }), [])).toBe(at(6));
  expect(nodeSince(node({ state: 'offline' }), [])).toBe(at(9));
  expect(nodeSince(node({ state: 'new' }), [])).toBe(at(1));
  expect(nodeSince(node({ state: 'ready' }), [])).toBe(null);
  expect(nodeSince(node({ state: 'sick' }), [event(3, 'health', 'sick: a card'), event(8, 'health', 'sick: a card'), event(9, 'connected')])).toBe(at(8));
});

it('counts a node as ready from when it came or got well, and not from when it was only degraded', () => {
  const story = [event(2, 'connected'), event(3, 'health', 'degraded: warm'), event(4, 'health', 'ok')];
  expect(nodeSince(node({ state: 'ready' }), story)).toBe(at(2));
  expect(nodeSince(node({ state: 'ready' }), [event(6, 'health', 'ok'), event(5, 'health', 'sick: a card'), ...story])).toBe(at(6));
  expect(nodeSince(node({ state: 'ready' }), [...story, event(7, 'serve')])).toBe(at(7));
});
