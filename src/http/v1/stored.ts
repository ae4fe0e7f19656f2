import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authenticate } from '../caller/authenticate.ts';
import type { ModelApi } from '../faces.ts';
import { serveBatches } from './batches.ts';
import { serveFeedback } from './feedback.ts';
import { serveFiles } from './files.ts';
import { serveKeptResponse } from './responses.ts';

export interface StoredOptions {
  readonly models: Pick<ModelApi, 'files' | 'batches' | 'feedback' | 'responses'>;
  readonly authenticate: Authenticate;
  readonly maxBodyBytes: number;
  readonly maxFileBytes: number;
}

const under = (path: string, base: string) => path === base || path.startsWith(`${base}/`);

/** True for the routes that read or write stored state: these may ask the database. */
export function isStored(path: string): boolean {
  return under(path, '/v1/files') || under(path, '/v1/batches') || path === '/v1/feedback' || path.startsWith('/v1/responses/');
}

/** One call of such a route: who calls comes first, nothing is read for a caller without a key. */
export async function serveStored(request: IncomingMessage, response: ServerResponse, path: string, requestId: string, options: StoredOptions): Promise<void> {
  const principal = await options.authenticate(request, request.method !== 'GET');
  const { models, ...limits } = options;
  if (path.startsWith('/v1/responses/')) return serveKeptResponse(request, response, path, requestId, principal, models.responses);
  if (under(path, '/v1/batches')) return serveBatches(request, response, path, requestId, principal, { batches: models.batches, ...limits });
  if (path === '/v1/feedback') return serveFeedback(request, response, path, requestId, principal, { feedback: models.feedback, ...limits });
  return serveFiles(request, response, path, requestId, principal, { files: models.files, ...limits });
}
