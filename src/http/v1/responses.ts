import type { IncomingMessage, ServerResponse } from 'node:http';
import { TandemError } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import type { ResponsesDoor } from '../faces.ts';
import { elsewhere } from './elsewhere.ts';
import { ResponseSink } from './reply-sink.ts';
import { idIn, sendJson } from './send.ts';

const RESPONSES = '/v1/responses';
const MOST_ITEMS = 100;
const DEFAULT_ITEMS = 20;

/** What is done with a kept response: `/v1/responses/{id}` and below, in OpenAI's form. */
export async function serveKeptResponse(request: IncomingMessage, response: ServerResponse, path: string, requestId: string, principal: Principal, responses: ResponsesDoor): Promise<void> {
  const { id, rest } = idIn(path, RESPONSES);
  const known = ACTIONS[rest];
  if (!known || id === null) throw elsewhere(path);
  const allowed = Object.keys(known);
  const run = known[request.method ?? ''];
  if (!run) throw new TandemError('method_not_allowed', { params: { method: request.method ?? '', path }, facts: { allowed } });
  demand(principal, 'models.call');
  const query = new URL(request.url ?? '', 'http://localhost').searchParams;
  const reply = await run({ responses, principal, id, query, response, requestId });
  if (reply !== null) sendJson(response, requestId, reply);
}

interface Asked {
  readonly responses: ResponsesDoor;
  readonly principal: Principal;
  readonly id: string;
  readonly query: URLSearchParams;
  readonly response: ServerResponse;
  readonly requestId: string;
}

/** Null: it has been sent already, as a stream. */
type Run = (asked: Asked) => Promise<object | null>;

const ACTIONS: Readonly<Record<string, Readonly<Record<string, Run>>>> = {
  '': { GET: retrieve, DELETE: ({ responses, principal, id }) => responses.delete(principal, id) },
  cancel: { POST: ({ responses, principal, id }) => responses.cancel(principal, id) },
  input_items: { GET: ({ responses, principal, id, query }) => responses.inputItems(principal, id, {
    limit: whole(query, 'limit', 1, MOST_ITEMS) ?? DEFAULT_ITEMS, order: orderIn(query), after: query.get('after'), include: includeIn(query),
  }) },
};

async function retrieve({ responses, principal, id, query, response, requestId }: Asked): Promise<object | null> {
  if (query.get('stream') !== 'true') return responses.retrieve(principal, id, includeIn(query));
  const left = new AbortController();
  response.on('close', () => left.abort(new Error('the client left')));
  const sink = new ResponseSink(response, requestId);
  try {
    await responses.stream(principal, id, whole(query, 'starting_after', 0, Number.MAX_SAFE_INTEGER), sink, left.signal);
  } catch (error) {
    if (sink.started) sink.cut();
    throw error;
  }
  return null;
}

/** OpenAI's clients write lists as `include[]=…`, `include[0]=…` or `include=…`. */
function includeIn(query: URLSearchParams): string[] {
  return [...query].filter(([name]) => /^include(?:\[\d*\])?$/.test(name)).map(([, value]) => value);
}

function orderIn(query: URLSearchParams): 'asc' | 'desc' {
  const order = query.get('order') ?? 'desc';
  if (order !== 'asc' && order !== 'desc') throw wrong('order', 'must be asc or desc');
  return order;
}

function whole(query: URLSearchParams, name: string, least: number, most: number): number | null {
  const text = query.get(name);
  if (text === null) return null;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw wrong(name, `must be a whole number from ${least} to ${most}`);
  return value;
}

function wrong(param: string, problem: string): TandemError {
  return new TandemError('invalid_request', { param, params: { reason: `${param} ${problem}.` } });
}
