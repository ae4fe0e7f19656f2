import type { IncomingHttpHeaders } from 'node:http';

/** Beyond a day it is no time to wait for. */
const MOST_SECONDS = 86_400;

/**
 * When a failing reply says to come back, in whole seconds: `retry-after-ms` as OpenAI's and Azure's servers send it, or `retry-after` in
 * seconds or as a date (RFC 9110, 10.2.3). Undefined: it says nothing, or nothing that makes sense.
 */
export function retryAfterIn(headers: IncomingHttpHeaders, nowMs: number): number | undefined {
  const ms = textOf(headers['retry-after-ms']);
  if (ms !== undefined && /^\d{1,9}(\.\d+)?$/.test(ms)) return bounded(Number(ms) / 1_000);
  const text = textOf(headers['retry-after']);
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return bounded(Number(text));
  // Anything else that a date may be read from is none of HTTP's.
  const date = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : bounded((date - nowMs) / 1_000);
}

function bounded(seconds: number): number {
  return Math.min(MOST_SECONDS, Math.max(0, Math.ceil(seconds)));
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
