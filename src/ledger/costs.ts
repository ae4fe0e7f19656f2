import { can, type Power } from '../access/index.ts';

/** Whether the caller sees what calls cost the operator. Where not, cost and margin are absent from what it reads: absent is not unknown, and not zero. */
export function seesCosts(principal: Power): boolean {
  return can(principal, 'costs.read');
}

/** These fields of a view, where the caller sees costs. */
export function ifSeen<T extends object>(seen: boolean, fields: T): Partial<T> {
  return seen ? fields : {};
}

/** An event's attributes without what each try cost, and by which list. */
export function withoutCosts(attributes: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { attempts } = attributes;
  if (!Array.isArray(attempts)) return attributes;
  return { ...attributes, attempts: attempts.map((attempt: unknown) => (typeof attempt === 'object' && attempt !== null && !Array.isArray(attempt) ? withoutCost({ ...attempt }) : attempt)) };
}

function withoutCost({ cost: _cost, costPriceId: _list, ...seen }: { readonly cost?: unknown; readonly costPriceId?: unknown }): object {
  return seen;
}
