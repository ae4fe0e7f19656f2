import type { IncomingMessage, ServerResponse } from 'node:http';
import { TandemError } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import { parseJson } from '../body/parse-json.ts';
import { readJsonBody } from '../body/read.ts';
import type { BatchesDoor } from '../faces.ts';
import { queryOf, wholeIn } from './query.ts';
import { idIn, sendJson } from './send.ts';

const BATCHES = '/v1/batches';

export interface BatchesOptions {
  readonly batches: BatchesDoor;
  readonly maxBodyBytes: number;
}

/** `/v1/batches` and all under it, in OpenAI's form. */
export async function serveBatches(request: IncomingMessage, response: ServerResponse, path: string, requestId: string, principal: Principal, { batches, maxBodyBytes }: BatchesOptions): Promise<void> {
  demand(principal, 'models.call');
  const { id, rest } = idIn(path, BATCHES);
  const method = request.method ?? '';
  if (id === null && method === 'POST') return sendJson(response, requestId, await batches.create(principal, parseJson(await readJsonBody(request, maxBodyBytes))));
  if (id === null && method === 'GET') {
    const query = queryOf(request);
    return sendJson(response, requestId, await batches.list(principal, { after: query.get('after') ?? undefined, limit: wholeIn(query, 'limit', 1, 100, 20) }));
  }
  if (id !== null && rest === '' && method === 'GET') return sendJson(response, requestId, await batches.show(principal, id));
  if (id !== null && rest === 'cancel' && method === 'POST') return sendJson(response, requestId, await batches.cancel(principal, id));
  if (rest !== '' && rest !== 'cancel') throw new TandemError('not_found', { params: { path } });
  throw new TandemError('method_not_allowed', { params: { method, path }, facts: { allowed: id === null ? ['GET', 'POST'] : rest === '' ? ['GET'] : ['POST'] } });
}
