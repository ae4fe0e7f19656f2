import type { IncomingMessage, ServerResponse } from 'node:http';
import { can, demand } from '../../access/index.ts';
import { TandemError, type Logger } from '../../base/index.ts';
import { failed, inRequestSpan, type Span } from '../../base/trace.ts';
import { refuse } from '../errors/refuse.ts';
import { knownError, renderError, type Envelope } from '../errors/render.ts';
import { callErrorOf } from './call-error.ts';
import type { CallReply, CallRequest } from '../exchange.ts';
import type { LaneReply } from '../lane/reply.ts';
import type { LaneRequest } from '../lane/request.ts';
import { serveAnswer, serveCall, type CallOptions } from './call.ts';
import { elsewhere } from './elsewhere.ts';
import { serveCountTokens } from './count-tokens.ts';
import { listModels, showModel, speaksAnthropic } from './models.ts';
import { refusalHeaders } from './rate-limit-headers.ts';
import { sendJson } from './send.ts';
import { isStored, serveStored } from './stored.ts';
import type { Authenticate } from '../caller/authenticate.ts';
import type { CallError, CallerDialect, ModelApi } from '../faces.ts';

export interface ModelApiOptions extends CallOptions {
  readonly models: ModelApi;
  readonly maxFileBytes: number;
  readonly log: Logger;
  /** Told the code of every call that is answered with an error, for the figures. */
  readonly refused: (code: string) => void;
  /** Told what is known of it, a moment later. */
  readonly onCallError: (call: CallError) => void;
}

/** The routes that call a model, and what is spoken there. */
const CALLS: ReadonlyMap<string, CallerDialect> = new Map([['/v1/chat/completions', 'chat'], ['/v1/responses', 'responses'], ['/v1/messages', 'messages'], ['/v1/embeddings', 'embeddings']]);
const COMPACT = '/v1/responses/compact';
const MESSAGES = '/v1/messages';
const COUNT = '/v1/messages/count_tokens';
const MODELS = '/v1/models';
const STATUS = '/v1/status';

/**
 * The model API straight on Node's request and response: this is the path that every token takes.
 * `path` is the raw path without its query; no part of it is decoded but a model's id.
 */
export function serveModelApi(request: IncomingMessage, response: ServerResponse, path: string, requestId: string, options: ModelApiOptions): Promise<void> {
  return inRequestSpan(`${request.method} ${CALLS.has(path) ? path : '/v1'}`, request.headers, () => ({ 'http.request.method': request.method, 'tandem.request.id': requestId }),
    (span) => serve(request, response, path, requestId, options, span));
}

async function serve(request: IncomingMessage, response: ServerResponse, path: string, requestId: string, options: ModelApiOptions, span: Span | null): Promise<void> {
  try {
    const dialect = CALLS.get(path);
    if (dialect !== undefined && options.models.speaks(dialect)) {
      demandMethod(request, path, 'POST');
      await serveCall(dialect, request, response, requestId, options);
    } else if (path === COMPACT) {
      demandMethod(request, path, 'POST');
      await serveAnswer((call, sink) => options.models.responses.compact(call, sink), request, response, requestId, options);
    } else if (path === COUNT) {
      demandMethod(request, path, 'POST');
      await serveCountTokens(request, response, requestId, options);
    } else if (path === MODELS) {
      demandMethod(request, path, 'GET');
      sendJson(response, requestId, listModels(await options.authenticate(request, false), options.models, request));
    } else if (path.startsWith(`${MODELS}/`)) {
      demandMethod(request, path, 'GET');
      sendJson(response, requestId, showModel(await options.authenticate(request, false), path.slice(MODELS.length + 1), options.models, request));
    } else if (path === STATUS) {
      demandMethod(request, path, 'GET');
      const principal = await options.authenticate(request, false);
      demand(principal, 'models.call');
      sendJson(response, requestId, options.models.status(principal));
    } else if (isStored(path)) {
      await serveStored(request, response, path, requestId, options);
    } else {
      throw elsewhere(path);
    }
  } catch (error) {
    answerError(error, request, response, path, requestId, options, span);
  }
}

/** A call that came by the lane: as `serveModelApi` serves it. */
export function serveLaneCall(request: LaneRequest, reply: LaneReply, requestId: string, options: ModelApiOptions): void {
  const { url } = request;
  const dialect = CALLS.get(url)!;
  void inRequestSpan(`POST ${url}`, request.headers, () => ({ 'http.request.method': 'POST', 'tandem.request.id': requestId }),
    (span) => (options.models.speaks(dialect) ? serveCall(dialect, request, reply, requestId, options) : Promise.reject(elsewhere(url)))
      .catch((error: unknown) => answerError(error, request, reply, url, requestId, options, span)));
}

/** Whether a caller may send the body of a call, told by its head. Who may not is refused in another place. */
export function mayCall(request: CallRequest, authenticate: Authenticate): boolean {
  try {
    const principal = authenticate(request, true);
    return !(principal instanceof Promise) && can(principal, 'models.call');
  } catch {
    return false;
  }
}

function answerError(error: unknown, request: CallRequest, response: CallReply, path: string, requestId: string, options: ModelApiOptions, span: Span | null): void {
  const { code } = knownError(error, requestId);
  failed(span, code);
  options.refused(code);
  void callErrorOf(request, path, requestId, error, options.authenticate).then((call) => call && options.onCallError(call));
  const envelope = envelopeOf(path, request);
  const rendered = renderError(error, envelope, requestId, options.log);
  refuse(request, response, { ...rendered, headers: { ...rendered.headers, ...refusalHeaders(error, envelope === 'anthropic' ? 'anthropic' : 'openai') } });
}

/** Errors are told in the dialect that is spoken at this path; at those that two dialects share, in the one that the caller speaks. */
function envelopeOf(path: string, request: CallRequest): Envelope {
  const shared = path === MODELS || path.startsWith(`${MODELS}/`);
  return path === MESSAGES || path.startsWith(`${MESSAGES}/`) || (shared && speaksAnthropic(request)) ? 'anthropic' : 'openai';
}

function demandMethod(request: IncomingMessage, path: string, method: string): void {
  if (request.method !== method) throw new TandemError('method_not_allowed', { params: { method: request.method ?? '', path }, facts: { allowed: [method] } });
}
