import type { PeriodicTask } from '../db/index.ts';

/** What the books do by themselves. All are safe to repeat. */
export interface BooksUpkeep {
  readonly invoices: { closeDue(): Promise<unknown> };
  readonly credits: { expireDue(): Promise<unknown> };
  readonly limits: { tidy(): Promise<void> };
  readonly budgets: { tidy(): Promise<void> };
  readonly alerts: { tellDue(): Promise<unknown> };
  readonly webhooks: { readonly deliveries: { sendDue(signal: AbortSignal): Promise<void>; tidy(): Promise<void> } };
  readonly feedPump: { sendDue(signal: AbortSignal): Promise<void> };
  readonly sight: { catchUp(signal: AbortSignal): Promise<void>; prune(): Promise<void> };
}

export interface ModelsUpkeep {
  readonly content: { removeExpired(): Promise<unknown> };
  keepServings(signal: AbortSignal): Promise<void>;
  settleServings(signal: AbortSignal): Promise<void>;
}

export interface FleetUpkeep {
  readonly nodes: { removeDue(): Promise<void>; tidy(): Promise<void> };
  keepLeases(signal: AbortSignal): Promise<void>;
  readonly volumes: { tidy(): Promise<void> };
  readonly operatorMinutes: { look(): Promise<void> };
  readonly providers: { keepOrders(signal: AbortSignal): Promise<void>; keepArrivals(): Promise<void>; findOrphans(signal: AbortSignal): Promise<void> };
}

export interface TunnelsUpkeep {
  readonly recordings: { removeExpired(): Promise<void> };
}

/** The server's periodic work; each task runs in one process of all that share the database. */
export function periodicTasks({ invoices, credits, limits, budgets, alerts, webhooks, feedPump, sight }: BooksUpkeep, models: ModelsUpkeep, fleet: FleetUpkeep, tunnels: TunnelsUpkeep): PeriodicTask[] {
  return [
    { name: 'close-months', everyMs: 15 * 60_000, run: async () => void (await invoices.closeDue()) },
    { name: 'expire-content', everyMs: 60_000, run: async () => void (await models.content.removeExpired()) },
    { name: 'expire-credits', everyMs: 60_000, run: async () => void (await credits.expireDue()) },
    { name: 'tidy-limits', everyMs: 60_000, run: () => limits.tidy() },
    { name: 'tidy-budgets', everyMs: 3_600_000, run: () => budgets.tidy() },
    { name: 'budget-alerts', everyMs: 2_000, run: async () => void (await alerts.tellDue()) },
    { name: 'webhooks', everyMs: 1_000, run: (signal) => webhooks.deliveries.sendDue(signal) },
    { name: 'usage-feeds', everyMs: 1_000, run: (signal) => feedPump.sendDue(signal) },
    { name: 'tidy-webhooks', everyMs: 3_600_000, run: () => webhooks.deliveries.tidy() },
    { name: 'sums-of-calls', everyMs: 1_000, run: (signal) => sight.catchUp(signal) },
    { name: 'remove-nodes', everyMs: 5_000, run: () => fleet.nodes.removeDue() },
    { name: 'tidy-nodes', everyMs: 600_000, run: () => fleet.nodes.tidy() },
    { name: 'orders', everyMs: 2_000, run: (signal) => fleet.providers.keepOrders(signal) },
    { name: 'operator-minutes', everyMs: 30_000, run: () => fleet.operatorMinutes.look() },
    { name: 'arrivals', everyMs: 2_000, run: () => fleet.providers.keepArrivals() },
    { name: 'orphans', everyMs: 10 * 60_000, run: (signal) => fleet.providers.findOrphans(signal) },
    { name: 'volumes', everyMs: 5_000, run: () => fleet.volumes.tidy() },
    { name: 'expire-recordings', everyMs: 10 * 60_000, run: () => tunnels.recordings.removeExpired() },
    { name: 'servings', everyMs: 1_000, run: (signal) => models.keepServings(signal) },
    { name: 'replica-minutes', everyMs: 20_000, run: (signal) => models.settleServings(signal) },
    { name: 'leases', everyMs: 1_000, run: (signal) => fleet.keepLeases(signal) },
    { name: 'prune-call-errors', everyMs: 10 * 60_000, run: () => sight.prune() },
  ];
}
