import type { IncomingHttpHeaders } from 'node:http';
import { isObject, type JsonObject } from '../request/json.ts';

const CODEX = /^codex/i;
/** Tools of a backend that Codex (0.147) offers with each call, whether its user ever asked for one or not. */
const OFFERED: ReadonlySet<unknown> = new Set(['web_search', 'image_generation']);

/**
 * The body of a call by Codex without what no backend may run here. Anybody else who names such a tool wants it, and is refused: an answer
 * without a search would not be the one that was asked for.
 */
export function withoutOffers(body: JsonObject, headers: IncomingHttpHeaders | undefined): JsonObject {
  if (!CODEX.test(String(headers?.['originator'] ?? headers?.['user-agent'] ?? ''))) return body;
  const { tools } = body;
  if (!Array.isArray(tools) || !tools.some(isOffer)) return body;
  return { ...body, tools: (tools as unknown[]).filter((tool) => !isOffer(tool)) };
}

function isOffer(tool: unknown): boolean {
  return isObject(tool) && OFFERED.has(tool['type']);
}
