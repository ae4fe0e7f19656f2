import { replyId, STREAM_HEADERS, type ChatCall } from '../chat-call.ts';
import type { Watched } from '../deadlines.ts';
import { writeErrorFrame } from '../error-frame.ts';
import { MeteredCall } from '../metered-call.ts';
import type { Counted } from '../ports.ts';
import type { TokenCounts } from '../quantities.ts';
import { ChatStream } from './chat-stream.ts';
import { CollectedReply, Stopped, type Exchange } from './exchange.ts';
import { callerError, mayRetry, outcomeOf, usedUndelivered } from './exchange-end.ts';
import { statusError } from './failure.ts';
import { choicesOf, header, readReply } from './read-reply.ts';
import type { RemoteBackend } from './remote-backend.ts';
import { remoteRequest, type RemoteRequest } from './remote-request.ts';
import type { RemoteTools } from './remote-tools.ts';
import { estimateInput, estimateOutput, readUsage, writeUsage } from './usage.ts';

/** How long a backend may take to close its side after its last event, before the connection is cut. */
const CLOSE_MS = 2_000;

/** One chat on an OpenAI-compatible backend, from hold to charge. @throws TandemError before the reply has begun. */
export async function remoteChat(call: ChatCall, backend: RemoteBackend, tools: RemoteTools): Promise<void> {
  const sent = remoteRequest(call.request, call.target);
  const metered = await MeteredCall.admit(call, sent.inputBound, sent.outputBound, tools);
  await (call.request.stream ? streamed(call, backend, sent, metered, tools) : collected(call, backend, sent, metered, tools));
}

async function collected(call: ChatCall, backend: RemoteBackend, sent: RemoteRequest, metered: MeteredCall, tools: RemoteTools): Promise<void> {
  let exchange = new CollectedReply(tools.clock);
  let reply: { [field: string]: unknown };
  try {
    try {
      await exchangeWith(call, backend, sent.body, exchange, tools);
    } catch (error) {
      if (!mayRetry(exchange, error)) throw error;
      metered.retried('failed', null);
      exchange = new CollectedReply(tools.clock);
      await exchangeWith(call, backend, sent.body, exchange, tools);
    }
    reply = readReply(backend, exchange);
  } catch (error) {
    await metered.release(outcomeOf(error), exchange.status || null, usedUndelivered(exchange, error));
    if (error instanceof Stopped && error.reason === 'client_left') return;
    throw callerError(backend, error, exchange, tools);
  }
  backend.worked();
  metered.connectMs = exchange.connectedMs - call.startedMs;
  metered.firstTokenMs = exchange.firstByteMs - call.startedMs;
  const { finishReason, pieces, textBytes } = choicesOf(reply);
  const usage = readUsage(reply['usage']);
  const counts = usage ?? estimated(call, sent, estimateOutput(pieces, textBytes));
  if (!usage) reply['usage'] = writeUsage(counts);
  if (call.signal.aborted) return metered.release('client_left', 200, counts);
  const settlement = await metered.settle({ outcome: 'completed', counts, counted: usage ? 'backend' : 'estimate', finishReason, httpStatus: 200 });
  reply['id'] = replyId(call);
  reply['model'] = call.target.alias;
  metered.sendJson(reply, settlement);
}

async function streamed(call: ChatCall, backend: RemoteBackend, sent: RemoteRequest, metered: MeteredCall, tools: RemoteTools): Promise<void> {
  const showUsage = call.request.includeUsage || call.receipt;
  const open = () => {
    const stream = new ChatStream({
      clock: tools.clock, backend: backend.words, sink: call.sink, replyId: replyId(call), alias: call.target.alias, showUsage, headers: STREAM_HEADERS,
      onProgress: () => metered.progress(stream.usage ?? estimated(call, sent, stream.estimate())),
    });
    return stream;
  };
  let stream = open();
  let error: unknown;
  try {
    try {
      await exchangeWith(call, backend, sent.body, stream, tools);
    } catch (failure) {
      if (!mayRetry(stream, failure)) throw failure;
      metered.retried('failed', null);
      stream = open();
      await exchangeWith(call, backend, sent.body, stream, tools);
    }
    if (stream.status !== 200) throw statusError(backend.words, stream.status, stream.errorText, header(stream, 'retry-after'));
  } catch (failure) {
    error = failure;
  }
  if (!stream.closed) closeLater(stream, tools);
  metered.connectMs = Math.max(0, stream.connectedMs - call.startedMs);
  metered.firstTokenMs = Math.max(0, stream.firstTokenMs - call.startedMs);
  if (error === undefined) {
    backend.worked();
    await endWell(call, stream, sent, metered);
  } else {
    await endBadly(call, backend, stream, sent, metered, error, tools);
  }
}

/** Usage and receipt, then `[DONE]`: the reply's end, sent only after the charge is in the log. */
async function endWell(call: ChatCall, stream: ChatStream, sent: RemoteRequest, metered: MeteredCall): Promise<void> {
  const { counts, counted } = countsOf(call, stream, sent);
  try {
    const settlement = await metered.settle({ outcome: 'completed', counts, counted, finishReason: stream.finishReason, httpStatus: 200 });
    let tail = 'data: [DONE]\n\n';
    if (call.request.includeUsage || call.receipt) {
      const frame = {
        id: replyId(call), object: 'chat.completion.chunk', created: stream.created, model: call.target.alias, choices: [],
        usage: stream.rawUsage ?? writeUsage(counts), ...(call.receipt && { tandem: metered.receipt(settlement) }),
      };
      tail = `data: ${JSON.stringify(frame)}\n\n${tail}`;
    }
    call.sink.end(tail);
  } catch (error) {
    writeErrorFrame(call.sink, error, call.id);
  }
}

/** What was delivered is charged; a call that delivered nothing is not. The caller learns of it where it still can. */
async function endBadly(call: ChatCall, backend: RemoteBackend, stream: ChatStream, sent: RemoteRequest, metered: MeteredCall, error: unknown, tools: RemoteTools): Promise<void> {
  const outcome = outcomeOf(error);
  const told = callerError(backend, error, stream, tools);
  if (stream.pieces === 0) {
    await metered.release(outcome, stream.status || null, stream.usage ?? usedUndelivered(stream, error));
  } else {
    const { counts, counted } = countsOf(call, stream, sent);
    try {
      await metered.settle({ outcome: outcome === 'failed' ? 'cut' : outcome, counts, counted, finishReason: stream.finishReason, httpStatus: stream.status || null });
    } catch (failure) {
      tools.log.error({ call: call.id, reason: failure instanceof Error ? failure.message : 'unknown' }, 'a cut call could not be settled');
    }
  }
  if (error instanceof Stopped && error.reason === 'client_left') return;
  if (!call.sink.started) throw told;
  writeErrorFrame(call.sink, told, call.id);
}

/** Sends a request and waits for its end, for the client's leaving or for a deadline. */
async function exchangeWith(call: ChatCall, backend: RemoteBackend, body: Buffer, exchange: Exchange, tools: RemoteTools): Promise<void> {
  const { clock, deadlines, limits } = tools;
  if (call.signal.aborted) throw new Stopped('client_left', '');
  const onLeft = () => exchange.stop(new Stopped('client_left', ''));
  call.signal.addEventListener('abort', onLeft);
  const wholeDueMs = call.startedMs + limits.wholeMs;
  const watched: Watched = {
    place: -1,
    dueMs: exchange instanceof ChatStream ? Math.min(wholeDueMs, clock.monotonicMs() + limits.firstTokenMs) : wholeDueMs,
    expire() {
      const nowMs = clock.monotonicMs();
      if (nowMs >= wholeDueMs || !(exchange instanceof ChatStream)) return exchange.stop(new Stopped('deadline', 'finish its answer'));
      // The deadline is only looked at when it is due, so that a token costs no move of a timer.
      const gapDueMs = exchange.paused ? nowMs + limits.gapMs : exchange.lastPieceMs + limits.gapMs;
      if (!call.sink.started || gapDueMs <= nowMs) return exchange.stop(new Stopped('deadline', call.sink.started ? 'go on with its answer' : 'begin its answer'));
      watched.dueMs = Math.min(wholeDueMs, gapDueMs);
      deadlines.watch(watched);
    },
  };
  deadlines.watch(watched);
  try {
    backend.chat(body, exchange);
    await exchange.ended;
  } finally {
    deadlines.unwatch(watched);
    call.signal.removeEventListener('abort', onLeft);
  }
}

function closeLater(stream: ChatStream, { deadlines, clock }: RemoteTools): void {
  deadlines.watch({ place: -1, dueMs: clock.monotonicMs() + CLOSE_MS, expire: () => { if (!stream.closed) stream.stop(new Error('the backend kept its answer open')); } });
}

function countsOf(call: ChatCall, stream: ChatStream, sent: RemoteRequest): { counts: TokenCounts; counted: Counted } {
  return stream.usage ? { counts: stream.usage, counted: 'backend' } : { counts: estimated(call, sent, stream.estimate()), counted: 'estimate' };
}

function estimated(call: ChatCall, sent: RemoteRequest, output: number): TokenCounts {
  return { input: Math.min(sent.inputBound, estimateInput(sent.textBytes, call.request.messages.length)), cacheRead: 0, output: Math.min(output, sent.outputBound), reasoning: 0 };
}
