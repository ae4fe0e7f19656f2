import type { Clock, Logger, SecretBox } from '../../base/index.ts';
import type { EgressPolicy, Resolve } from '../../base/egress/index.ts';
import type { Database } from '../../db/index.ts';
import type { AuditPort } from '../ports.ts';
import { Deliveries } from './deliveries.ts';
import { Endpoints } from './endpoints.ts';
import { WebhookSender } from './sender.ts';

export interface WebhooksOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newId: () => string;
  readonly audit: AuditPort;
  readonly secrets: SecretBox | null;
  readonly policy: EgressPolicy;
  readonly resolve?: Resolve;
  readonly spread?: () => number;
}

/** What leaves the ledger by itself: endpoints, the messages that wait for them, and the one sender of both. */
export interface Webhooks {
  readonly endpoints: Endpoints;
  readonly deliveries: Deliveries;
  /** For messages that keep their own account of what was taken. */
  readonly sender: WebhookSender;
}

export function createWebhooks(options: WebhooksOptions): Webhooks {
  const sender = new WebhookSender(options);
  return { endpoints: new Endpoints(options), deliveries: new Deliveries({ ...options, sender, spread: options.spread ?? Math.random }), sender };
}
