import { z } from 'zod';
import type { RouteContract } from '../contract/index.ts';
import { errorReply } from '../contract/common.ts';

/** Nouns whose singular is not the plural without its `s`, or whose row is called otherwise. */
const SINGULAR: Readonly<Record<string, string>> = { usage: 'UsageEvent', events: 'AuditEvent', 'service-accounts': 'ServiceAccount', 'webhook-deliveries': 'WebhookDelivery', 'hook-failures': 'HookFailure', bill: 'Bill' };

/**
 * Names the forms that recur, so that the generated clients have `Key` and `Invoice` instead of the same
 * braces many times: a list's rows, and a whole reply that some other route returns too, are named
 * after the noun of the list's operation (`keys.list` → `Key`).
 */
export function nameSchemas(routes: Iterable<RouteContract>): Map<z.core.$ZodType, string> {
  const names = new Map<z.core.$ZodType, string>([[errorReply, 'Error']]);
  for (const route of routes) {
    const [noun, verb] = route.id.split('.') as [string, string];
    const row = verb === 'list' && route.reply instanceof z.ZodObject ? rowOf(route.reply) : undefined;
    if (row && !names.has(row)) names.set(row, singular(noun));
    if (noun === 'bill' && verb === 'show' && route.reply) names.set(route.reply, 'Bill');
  }
  return names;
}

function rowOf(list: z.ZodObject): z.core.$ZodType | undefined {
  const items: unknown = list.shape['items'];
  return items instanceof z.ZodArray ? items.element : undefined;
}

function singular(noun: string): string {
  const known = SINGULAR[noun];
  if (known) return known;
  const one = noun.endsWith('s') ? noun.slice(0, -1) : noun;
  return one.charAt(0).toUpperCase() + one.slice(1);
}
