import type { ReasoningWish } from '../../neutral/request.ts';
import { isObject, type JsonObject } from '../../request/json.ts';

/** The least that Anthropic's API takes as `budget_tokens`. */
const LEAST_BUDGET = 1024;
/** Shares of the output limit for backends that know budgets only. */
const SHARES: Readonly<Record<string, number>> = { minimal: 0.1, low: 0.2, medium: 0.5, high: 0.8, xhigh: 0.95 };
const EFFORTS = new Set(['low', 'medium', 'high', 'xhigh', 'max']);

export interface ThinkingFields {
  readonly thinking?: JsonObject;
  readonly effort?: string;
}

/**
 * How a wish to think is said to Anthropic.
 * @param limit output tokens at most, which thinking is part of.
 * @param byBudget whether the backend's models know budgets only (those before adaptive thinking).
 * @param forced whether a tool must be called, before which nothing is thought.
 */
export function thinkingFields(wish: ReasoningWish | null, limit: number, byBudget: boolean, forced: boolean): ThinkingFields {
  if (wish === null) return {};
  const { effort, budgetTokens, mode } = wish;
  if (mode === 'disabled' || effort === 'none') return { thinking: { type: 'disabled' } };
  const display = wish.summary === null ? {} : { display: 'summarized' };
  const effortField = !byBudget && effort !== null ? { effort: effort === 'minimal' ? 'low' : EFFORTS.has(effort) ? effort : 'high' } : {};
  if (forced) return effortField;
  if (budgetTokens !== null || byBudget) {
    const budget = lowerBudget(budgetTokens ?? Math.floor(limit * (SHARES[effort ?? 'medium'] ?? 0.5)), limit);
    return budget === null ? effortField : { thinking: { type: 'enabled', budget_tokens: budget, ...display }, ...effortField };
  }
  return mode === null && effort === null ? {} : { thinking: { type: 'adaptive', ...display }, ...effortField };
}

/** A budget that fits below the output limit; null where there is no room for one. */
export function lowerBudget(budget: number, limit: number): number | null {
  return limit <= LEAST_BUDGET ? null : Math.min(Math.max(budget, LEAST_BUDGET), limit - 1);
}

/**
 * Whether thinking by a budget may be asked for: Anthropic then demands that the last answer begins with its thought where it calls a tool
 * (API guide "Extended thinking", tool use), and a caller of another dialect, or an answer of another vendor, has none to give. Adaptive
 * thinking demands nothing.
 * @param messages as they are sent.
 */
export function mayThink(messages: readonly unknown[]): boolean {
  const last = messages.findLast((message) => isObject(message) && message['role'] === 'assistant');
  const content: unknown[] = isObject(last) && Array.isArray(last['content']) ? last['content'] : [];
  const typeOf = (block: unknown) => (isObject(block) ? block['type'] : undefined);
  const first = typeOf(content[0]);
  return first === 'thinking' || first === 'redacted_thinking' || !content.some((block) => typeOf(block) === 'tool_use');
}
