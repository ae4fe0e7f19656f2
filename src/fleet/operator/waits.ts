import type { Selectable } from 'kysely';
import type { NodeRow, OperatorWorkRow, OrderStepRow, ProviderOrderRow } from '../../db/index.ts';

/** Something that waits for a person now. */
export interface Wait {
  readonly kind: 'approval' | 'quarantined' | 'sick' | 'order';
  /** The id of the node or order. */
  readonly subject: string;
  readonly name: string;
  readonly detail: string;
}

type NodeFacts = Pick<Selectable<NodeRow>, 'id' | 'name' | 'approved_at' | 'quarantined_at' | 'quarantine_reason' | 'health' | 'health_reasons' | 'wanted' | 'last_seen_at'>;
type OrderFacts = Pick<Selectable<ProviderOrderRow>, 'id' | 'offer' | 'provider' | 'observed' | 'reason' | 'turn'>;

/** Which of an operator's nodes and orders wait for somebody. Pure. @param isOpen whether a node's pool is open to other organisations. */
export function waitsNow(nodes: readonly NodeFacts[], isOpen: (node: NodeFacts) => boolean, orders: readonly OrderFacts[], steps: readonly Pick<Selectable<OrderStepRow>, 'state' | 'reason' | 'order_id' | 'turn'>[]): Wait[] {
  const ofNodes = nodes.flatMap((node): Wait[] => {
    if (node.quarantined_at !== null) return [{ kind: 'quarantined', subject: node.id, name: node.name, detail: node.quarantine_reason ?? '' }];
    // Somebody has taken it out of use on purpose: it waits for nobody.
    if (node.wanted !== 'serve' || node.last_seen_at === null) return [];
    return [
      ...(node.health === 'sick' ? [{ kind: 'sick' as const, subject: node.id, name: node.name, detail: node.health_reasons[0] ?? '' }] : []),
      ...(node.approved_at === null && isOpen(node) ? [{ kind: 'approval' as const, subject: node.id, name: node.name, detail: 'nobody has looked at what it says it is' }] : []),
    ];
  });
  const ofOrders = orders.flatMap((order): Wait[] => {
    const stuck = steps.find((step) => step.order_id === order.id && step.turn === order.turn && step.state === 'person');
    const detail = order.observed === 'failed' ? (order.reason ?? 'the provider says that it failed') : stuck?.reason;
    return detail === undefined || detail === null ? [] : [{ kind: 'order', subject: order.id, name: `${order.offer} at ${order.provider}`, detail }];
  });
  return [...ofNodes, ...ofOrders];
}

/** What to write so that the open stretches are those that wait now. Pure. */
export function changesOf(open: readonly Pick<Selectable<OperatorWorkRow>, 'id' | 'kind' | 'subject'>[], waits: readonly Wait[]): { readonly begin: Wait[]; readonly end: string[] } {
  const keyOf = ({ kind, subject }: { readonly kind: string; readonly subject: string }) => `${kind} ${subject}`;
  const [isOpen, waiting] = [new Set(open.map(keyOf)), new Set(waits.map(keyOf))];
  return { begin: waits.filter((wait) => !isOpen.has(keyOf(wait))), end: open.filter((one) => !waiting.has(keyOf(one))).map(({ id }) => id) };
}

/** Whole minutes of a stretch up to a time, the started one included; a step has none. */
export function minutesOf(work: Pick<Selectable<OperatorWorkRow>, 'kind' | 'since' | 'until'>, atMs: number): number {
  if (work.kind === 'step') return 0;
  return Math.max(0, Math.ceil(((work.until?.getTime() ?? atMs) - work.since.getTime()) / 60_000));
}
