import type { NodeRow } from '../../db/index.ts';

/** What of a node's row its state follows from. */
export type StateFacts = Pick<NodeRow, 'wanted' | 'connected_at' | 'last_seen_at' | 'quarantined_at' | 'removed_at' | 'health'>;

/** How a node is, in one word: the first that holds, from what ends all use to what is usual. */
export type NodeState = 'removed' | 'quarantined' | 'new' | 'offline' | 'removing' | 'maintenance' | 'draining' | 'cordoned' | 'sick' | 'ready';

/** A node that has said nothing for this long counts as out of reach, whatever its row says: the process that held its connection may be gone. */
export const SILENT_MS = 30_000;

export function isConnected(node: Pick<StateFacts, 'connected_at' | 'last_seen_at'>, nowMs: number): boolean {
  // A time far ahead is of a process whose clock was wrong, and says nothing.
  return node.connected_at !== null && node.last_seen_at !== null && Math.abs(nowMs - node.last_seen_at.getTime()) < SILENT_MS;
}

export function nodeState(node: StateFacts, nowMs: number): NodeState {
  if (node.removed_at !== null) return 'removed';
  if (node.quarantined_at !== null) return 'quarantined';
  if (node.last_seen_at === null) return 'new';
  if (!isConnected(node, nowMs)) return 'offline';
  switch (node.wanted) {
    case 'remove': return 'removing';
    case 'maintain': return 'maintenance';
    case 'drain': return 'draining';
    case 'cordon': return 'cordoned';
    case 'serve': return node.health === 'sick' ? 'sick' : 'ready';
    default: return node.wanted satisfies never;
  }
}

/** Whether something new may be placed on it at all: an agent that is older than this server speaks with may only be brought up to date. */
export function takesWork(node: StateFacts & Pick<NodeRow, 'protocol'>, nowMs: number): boolean {
  return nodeState(node, nowMs) === 'ready' && !isOutdated(node);
}

/** Its agent and this server have no version of the protocol in common. Null: it has never connected. */
export function isOutdated({ protocol }: Pick<NodeRow, 'protocol'>): boolean {
  return protocol === 0;
}

/**
 * Whether work of an organisation may be placed on a node by whose it is. A machine says itself what it is, so only those of
 * the operator serve others, and only after a person has looked at what they say.
 */
export function mayHost(node: Pick<NodeRow, 'organisation_id' | 'approved_at'>, tenantId: string, operatorId: string): boolean {
  if (node.organisation_id === tenantId) return true;
  return node.organisation_id === operatorId && node.approved_at !== null;
}
