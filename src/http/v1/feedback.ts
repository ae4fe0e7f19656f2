import type { IncomingMessage, ServerResponse } from 'node:http';
import { TandemError } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import { parseJson } from '../body/parse-json.ts';
import { readJsonBody } from '../body/read.ts';
import type { FeedbackDoor } from '../faces.ts';
import { sendJson } from './send.ts';

export interface FeedbackOptions {
  readonly feedback: FeedbackDoor;
  readonly maxBodyBytes: number;
}

/** `POST /v1/feedback`. */
export async function serveFeedback(request: IncomingMessage, response: ServerResponse, path: string, requestId: string, principal: Principal, { feedback, maxBodyBytes }: FeedbackOptions): Promise<void> {
  demand(principal, 'models.call');
  if (request.method !== 'POST') throw new TandemError('method_not_allowed', { params: { method: request.method ?? '', path }, facts: { allowed: ['POST'] } });
  const body = parseJson(await readJsonBody(request, maxBodyBytes));
  const left = new AbortController();
  response.on('close', () => left.abort(new Error('the client left')));
  sendJson(response, requestId, await feedback.give(principal, body, left.signal));
}
