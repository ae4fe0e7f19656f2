import type { IncomingMessage, ServerResponse } from 'node:http';
import { TandemError, isTandemError, type Logger } from '../../base/index.ts';
import { refuse } from '../errors/refuse.ts';
import { renderError } from '../errors/render.ts';
import { callErrorOf } from './call-error.ts';
import { serveChat, type ChatOptions } from './chat.ts';
import { elsewhere } from './elsewhere.ts';
import { listModels, showModel } from './models.ts';
import { sendJson } from './send.ts';
import { isStored, serveStored } from './stored.ts';
import type { CallError, ModelApi } from '../faces.ts';

export interface ModelApiOptions extends ChatOptions {
  readonly models: ModelApi;
  readonly maxFileBytes: number;
  readonly log: Logger;
  /** Told the code of every call that is answered with an error, for the figures. */
  readonly refused: (code: string) => void;
  /** Told what is known of it, a moment later. */
  readonly onCallError: (call: CallError) => void;
}

const CHAT = '/v1/chat/completions';
const MODELS = '/v1/models';

/**
 * The model API straight on Node's request and response: this is the path that every token takes.
 * `path` is the raw path without its query; no part of it is decoded but a model's id.
 */
export async function serveModelApi(request: IncomingMessage, response: ServerResponse, path: string, requestId: string, options: ModelApiOptions): Promise<void> {
  try {
    if (path === CHAT) {
      demandMethod(request, path, 'POST');
      await serveChat(request, response, requestId, options);
    } else if (path === MODELS) {
      demandMethod(request, path, 'GET');
      sendJson(response, requestId, listModels(await options.authenticate(request, false), options.models));
    } else if (path.startsWith(`${MODELS}/`)) {
      demandMethod(request, path, 'GET');
      sendJson(response, requestId, showModel(await options.authenticate(request, false), path.slice(MODELS.length + 1), options.models));
    } else if (isStored(path)) {
      await serveStored(request, response, path, requestId, options);
    } else {
      throw elsewhere(path);
    }
  } catch (error) {
    options.refused(isTandemError(error) ? error.code : 'internal');
    void callErrorOf(request, path, requestId, error, options.authenticate).then((call) => call && options.onCallError(call));
    refuse(request, response, renderError(error, 'openai', requestId, options.log));
  }
}

function demandMethod(request: IncomingMessage, path: string, method: string): void {
  if (request.method !== method) throw new TandemError('method_not_allowed', { params: { method: request.method ?? '', path }, facts: { allowed: [method] } });
}
