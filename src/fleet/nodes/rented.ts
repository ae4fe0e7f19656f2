import type { Database } from '../../db/index.ts';
import { orderView } from '../providers/orders/order-view.ts';

/** What a rented node costs at its provider, beside what its leases are charged. Amounts are picodollars as text. */
export interface RentedView {
  readonly orderId: string;
  readonly provider: string;
  readonly offer: string;
  readonly currency: string;
  readonly perHour: string;
  /** Charged by the provider for the machine so far, by its terms; not its invoice. */
  readonly soFar: string;
  /** Charged to the leases that were on this node, those in the same currency; of a lease on several machines an equal part. */
  readonly charged: string;
}

/** Null: the node was not ordered here. */
export async function rentedView(database: Database, nodeId: string, nowMs: number): Promise<RentedView | null> {
  const all = database.unscoped('what a rented node of the operator costs and earns, without by whom');
  const order = await all.selectFrom('provider_orders').innerJoin('order_nodes', 'order_nodes.order_id', 'provider_orders.id').selectAll('provider_orders').where('order_nodes.node_id', '=', nodeId).executeTakeFirst();
  if (order === undefined) return null;
  const leases = await all.selectFrom('lease_machines').innerJoin('leases', 'leases.id', 'lease_machines.lease_id').select(['leases.id', 'leases.charged', 'leases.price']).where('lease_machines.machine_id', '=', nodeId).execute();
  const machines = leases.length === 0 ? [] : await all.selectFrom('lease_machines').select('lease_id').where('lease_id', 'in', leases.map(({ id }) => id)).execute();
  const count = Map.groupBy(machines, ({ lease_id }) => lease_id);
  const charged = leases.filter(({ price }) => price['currency'] === order.currency).reduce((sum, one) => sum + BigInt(one.charged) / BigInt(count.get(one.id)?.length ?? 1), 0n);
  const { cost } = orderView(order, nowMs);
  return { orderId: order.id, provider: order.provider, offer: order.offer, currency: order.currency, perHour: order.per_hour, soFar: cost.soFar, charged: String(charged) };
}
