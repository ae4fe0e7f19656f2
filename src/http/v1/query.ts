import type { IncomingMessage } from 'node:http';
import { TandemError } from '../../base/index.ts';

/** The query of a request of the model API. */
export function queryOf(request: IncomingMessage): URLSearchParams {
  const url = request.url ?? '';
  const at = url.indexOf('?');
  return new URLSearchParams(at === -1 ? '' : url.slice(at + 1));
}

/** @throws TandemError invalid_request naming the parameter. */
export function wholeIn(query: URLSearchParams, name: string, least: number, most: number, fallback: number): number {
  const text = query.get(name);
  if (text === null) return fallback;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) throw new TandemError('invalid_request', { params: { reason: `${name} is a whole number from ${least} to ${most}.` }, param: name });
  return value;
}

/** One of some words, the first by default. @throws TandemError invalid_request naming the parameter. */
export function choice<const T extends string>(query: URLSearchParams, name: string, allowed: readonly [T, ...T[]]): T {
  const text = query.get(name);
  if (text === null) return allowed[0];
  const found = allowed.find((word) => word === text);
  if (found === undefined) throw new TandemError('invalid_request', { params: { reason: `${name} is one of ${allowed.join(', ')}.` }, param: name });
  return found;
}
