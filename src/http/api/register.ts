import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { TandemError, isTandemError } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import type { Authenticate } from '../caller/authenticate.ts';
import { SESSION_COOKIE } from '../caller/credentials.ts';
import type { Peers } from '../caller/peers.ts';
import type { SameSite } from '../caller/same-site.ts';
import { routes, type RouteContract } from '../contract/index.ts';
import type { LiveStreams } from '../live/streams.ts';
import { check, checkWords, strictly } from './check.ts';
import type { Binding, Call, FileReply, SessionCookie } from './handle.ts';

export interface ApiOptions {
  readonly authenticate: Authenticate;
  readonly peers: Peers;
  readonly sameSite: SameSite;
  readonly live: LiveStreams;
  readonly publicOrigin: string | null;
  /** Tests set it: a reply that does not fit the contract is then an error. */
  readonly checkReplies: boolean;
  /** Told when a signed-in caller asked for something by id that is not there for it. */
  readonly onMiss: (principal: Principal, contract: RouteContract, id: string) => void;
}

const NOTHING = z.object({}).strict();

/** Makes the routes of the control API out of the bindings, and the stream of changes. */
export function registerApi(app: FastifyInstance, bindings: readonly Binding[], options: ApiOptions): void {
  for (const binding of bindings) {
    const { contract } = binding;
    app.route({ method: contract.method, url: routerPath(contract), handler: runner(binding, options) });
  }
  app.route({ method: routes.live.method, url: routes.live.path, handler: streamer(routes.live, options) });
}

function runner(binding: Binding, options: ApiOptions) {
  const { contract } = binding;
  const params = strictly(contract.params ?? NOTHING);
  const query = strictly(contract.query ?? NOTHING);
  const body = contract.body ? strictly(contract.body) : undefined;
  const reply = contract.reply && options.checkReplies ? contract.reply : undefined;
  return async (request: FastifyRequest, response: FastifyReply) => {
    const principal = await admit(request, contract, options);
    const call: Call = {
      principal: principal as Principal,
      params: checkWords(params, placesOf(request, contract)) as Call['params'],
      query: checkWords(query, request.query ?? {}) as Call['query'],
      // A body where none is asked for is ignored, as HTTP clients send empty ones unasked.
      body: (body ? check(body, request.body ?? {}) : undefined) as Call['body'],
      requestId: request.id,
      peer: options.peers.addressOf(request.raw),
      origin: options.publicOrigin ?? options.sameSite.originOf(request.raw),
      cookie: cookieOn(response, options.peers.isSecure(request.raw)),
      raw: request.raw,
    };
    const result = await binding.run(call).catch((error: unknown) => {
      const id = (call.params as { readonly id?: unknown }).id;
      if (principal && typeof id === 'string' && isTandemError(error, 'resource_not_found')) options.onMiss(principal, contract, id);
      throw error;
    });
    response.code(contract.status);
    if (contract.status === 204) return response.send();
    if (contract.file !== undefined) return sendFile(response, result as FileReply);
    return response.send(reply ? fitting(reply, result, contract) : result);
  };
}

/** A reader that is slow is waited for; one that leaves ends the reading. */
function sendFile(response: FastifyReply, { type, name, chunks }: FileReply): FastifyReply {
  return response.header('content-type', type).header('content-disposition', `attachment; filename="${name}"`).header('cache-control', 'no-store').send(Readable.from(chunks, { objectMode: false }));
}

function streamer(contract: RouteContract, options: ApiOptions) {
  return async (request: FastifyRequest, response: FastifyReply) => {
    const principal = await admit(request, contract, options);
    if (!principal) throw new TandemError('session_required');
    response.hijack();
    options.live.open(response.raw, request.id, principal);
  };
}

/** Who calls, allowed to; null on public routes. */
async function admit(request: FastifyRequest, contract: RouteContract, options: ApiOptions): Promise<Principal | null> {
  const changes = contract.method !== 'GET';
  if (contract.access === 'public') {
    // Nobody is signed in yet, but another site must not sign a browser in to an account of its own.
    if (changes) options.sameSite.demand(request.raw);
    return null;
  }
  const principal = await options.authenticate(request.raw, changes);
  if (contract.access !== 'signed-in') demand(principal, contract.access);
  return principal;
}

/** Fastify's path for the contract's. A model's name holds slashes, so its place takes the rest of the path. */
function routerPath(contract: RouteContract): string {
  return contract.path.replace(/\{name\}$/, '*').replace(/\{(\w+)\}/g, ':$1');
}

function placesOf(request: FastifyRequest, contract: RouteContract): Record<string, unknown> {
  const params = request.params as Record<string, unknown>;
  return contract.path.endsWith('{name}') ? { name: params['*'] } : params;
}

function cookieOn(response: FastifyReply, secure: boolean): SessionCookie {
  const attributes = `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
  return {
    set: (token, maxAgeSeconds) => void response.header('set-cookie', `${SESSION_COOKIE}=${token}; ${attributes}; Max-Age=${maxAgeSeconds}`),
    clear: () => void response.header('set-cookie', `${SESSION_COOKIE}=; ${attributes}; Max-Age=0`),
  };
}

function fitting(schema: z.ZodType, value: unknown, contract: RouteContract): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new Error(`the reply of ${contract.id} does not fit the contract: ${z.prettifyError(result.error)}`);
}
