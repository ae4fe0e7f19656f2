import type { IncomingMessage } from 'node:http';
import { Leaving } from '../../base/index.ts';
import { readJsonBody, wholeJsonBody } from '../body/read.ts';
import { demand } from '../../access/index.ts';
import { parseJson } from '../body/parse-json.ts';
import type { CallerDialect, ModelApi, ModelCall, ReplySink } from '../faces.ts';
import type { Authenticate } from '../caller/authenticate.ts';
import type { CallReply } from '../exchange.ts';
import { LaneRequest } from '../lane/request.ts';
import { markModel } from './call-error.ts';
import type { HeaderDialect } from './rate-limit-headers.ts';
import { ResponseSink } from './reply-sink.ts';

export interface CallOptions {
  readonly models: Pick<ModelApi, 'call'>;
  readonly authenticate: Authenticate;
  readonly maxBodyBytes: number;
}

/** One call of a model in its caller's dialect. */
export function serveCall(dialect: CallerDialect, request: IncomingMessage | LaneRequest, response: CallReply, requestId: string, options: CallOptions): Promise<void> {
  return serveAnswer((call, sink) => options.models.call(dialect, call, sink), request, response, requestId, options, dialect === 'messages' ? 'anthropic' : 'openai');
}

/**
 * One call that a model answers: key first (nothing is read for a caller without one), then the body,
 * then `models`. What is thrown before the reply began is the caller's to render; after that the
 * connection is cut, because a reply that ends cleanly would claim to be whole.
 * @param names whose names the reply's headers have.
 */
export async function serveAnswer(answer: (call: ModelCall, sink: ReplySink) => Promise<void>, request: IncomingMessage | LaneRequest, response: CallReply, requestId: string, options: Omit<CallOptions, 'models'>, names: HeaderDialect = 'openai'): Promise<void> {
  const known = options.authenticate(request, true);
  const principal = known instanceof Promise ? await known : known;
  demand(principal, 'models.call');
  const body = parseJson(request instanceof LaneRequest ? wholeJsonBody(request, options.maxBodyBytes) : await readJsonBody(request, options.maxBodyBytes), true);
  const left = new Leaving();
  const leave = () => {
    if (!response.writableFinished) left.leave(new Error('the client left'));
  };
  if (response.destroyed) leave();
  else response.on('close', leave);
  const sink = new ResponseSink(response, requestId, names);
  const idempotencyKey = request.headers['idempotency-key'];
  try {
    await answer({
      principal, body, requestId, headers: request.headers,
      idempotencyKey: typeof idempotencyKey === 'string' ? idempotencyKey : null,
      receipt: request.headers['x-tandem-receipt'] === '1',
      signal: left,
    }, sink);
  } catch (error) {
    if (sink.started) sink.cut();
    markModel(request, body);
    throw error;
  }
}
