import type { IncomingMessage, ServerResponse } from 'node:http';
import { demand } from '../../access/index.ts';
import { parseJson } from '../body/parse-json.ts';
import { readJsonBody } from '../body/read.ts';
import type { Authenticate } from '../caller/authenticate.ts';
import type { ModelApi } from '../faces.ts';
import { rateLimitHeaders } from './rate-limit-headers.ts';

export interface CountOptions {
  readonly models: Pick<ModelApi, 'countTokens'>;
  readonly authenticate: Authenticate;
  readonly maxBodyBytes: number;
}

/** `POST /v1/messages/count_tokens`: free of charge, within the limits on requests. The header `x-tandem-token-count` says who counted, and whether it is a guess. */
export async function serveCountTokens(request: IncomingMessage, response: ServerResponse, requestId: string, options: CountOptions): Promise<void> {
  const principal = await options.authenticate(request, true);
  demand(principal, 'models.call');
  const body = parseJson(await readJsonBody(request, options.maxBodyBytes), true);
  const left = new AbortController();
  response.on('close', () => { if (!response.writableFinished) left.abort(new Error('the client left')); });
  const { tokens, counted, limits } = await options.models.countTokens({ principal, body, requestId, headers: request.headers, signal: left.signal });
  const reply = Buffer.from(JSON.stringify({ input_tokens: tokens }));
  response.writeHead(200, [
    'content-type', 'application/json; charset=utf-8', 'content-length', String(reply.length), 'cache-control', 'no-store', 'x-request-id', requestId, 'request-id', requestId,
    'x-tandem-token-count', counted, ...(limits === null ? [] : rateLimitHeaders(limits, 'anthropic')),
  ]).end(reply);
}
