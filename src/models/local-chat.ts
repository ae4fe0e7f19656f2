import { TandemError, isTandemError, type Clock, type Logger } from '../base/index.ts';
import { STREAM_HEADERS, replyId, type ChatCall } from './chat-call.ts';
import type { DeadlineLimits, Deadlines } from './deadlines.ts';
import { writeErrorFrame } from './error-frame.ts';
import type { EngineEvent, GenerateRequest, LocalEngine } from './local/index.ts';
import { LongWait } from './long-wait.ts';
import { MeteredCall, NOTHING } from './metered-call.ts';
import type { LedgerPort, Outcome } from './ports.ts';
import type { TokenCounts } from './quantities.ts';
import { writeUsage } from './remote/usage.ts';
import { outputCap } from './remote/remote-request.ts';
import { localAsk, type LocalAsk } from './request/local-request.ts';

export interface LocalTools {
  readonly ledger: LedgerPort;
  readonly clock: Clock;
  readonly log: Logger;
  readonly deadlines: Deadlines;
  readonly limits: DeadlineLimits;
}

/** What a generation has come to. Only the last text written counts as delivered. */
interface Progress {
  promptTokens: number;
  cachedTokens: number;
  outputTokens: number;
  finishReason: 'stop' | 'length' | 'deadline' | null;
  left: boolean;
}

/** One chat on the local engine, from hold to charge. @throws TandemError before the reply has begun. */
export async function localChat(call: ChatCall, engine: LocalEngine | null, tools: LocalTools): Promise<void> {
  const ask = localAsk(call.request);
  const asked = outputCap(call.request, call.target);
  if (!engine) throw new TandemError('engine_unavailable', { params: { reason: 'it is switched off (TANDEM_LOCAL_MODEL)' } });
  const promptTokens = await countTokens(engine, ask, call.signal);
  if (promptTokens === null) return;
  const contextTokens = call.target.contextTokens ?? promptTokens + asked;
  const room = contextTokens - promptTokens;
  if (room < 1) throw new TandemError('context_length_exceeded', { param: 'messages', params: { tokens: promptTokens, limit: contextTokens - 1 } });
  const maxTokens = Math.min(asked, room);
  const metered = await MeteredCall.admit(call, promptTokens, maxTokens, tools);
  const spent = tools.clock.monotonicMs() - call.startedMs;
  const generate: GenerateRequest = {
    ...ask, id: call.id, fairnessKey: call.principal.keyId ?? call.principal.actor.id ?? call.principal.organisationId,
    maxTokens, deadlineMs: Math.max(1, Math.round(tools.limits.wholeMs - spent)),
  };
  await new LocalReply(call, metered, tools, promptTokens).run(engine, generate);
}

/** Null when the client left meanwhile: then there is nobody to tell. */
async function countTokens(engine: LocalEngine, ask: LocalAsk, signal: AbortSignal): Promise<number | null> {
  try {
    return await engine.countTokens(ask.messages, { signal });
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
}

class LocalReply {
  readonly #call: ChatCall;
  readonly #metered: MeteredCall;
  readonly #tools: LocalTools;
  readonly #created: number;
  readonly #progress: Progress;
  readonly #wait: LongWait;
  #text = '';
  #startedAtMs = 0;
  #begun = false;

  constructor(call: ChatCall, metered: MeteredCall, tools: LocalTools, promptTokens: number) {
    this.#call = call;
    this.#metered = metered;
    this.#tools = tools;
    this.#created = Math.floor(call.admittedAtMs / 1000);
    this.#wait = new LongWait(call, tools);
    this.#progress = { promptTokens, cachedTokens: 0, outputTokens: 0, finishReason: null, left: false };
  }

  async run(engine: LocalEngine, generate: GenerateRequest): Promise<void> {
    try {
      for await (const event of engine.generate(generate, this.#call.signal)) await this.#take(event);
      if (this.#progress.finishReason === null && !this.#progress.left) throw new TandemError('engine_restarted', { params: { reason: 'its answer ended in the middle' } });
    } catch (error) {
      await this.#fail(error);
      return;
    } finally {
      this.#wait.end();
    }
    if (this.#progress.left || this.#call.signal.aborted) await this.#leave();
    else await this.#finish(this.#progress.finishReason!);
  }

  async #take(event: EngineEvent): Promise<void> {
    const progress = this.#progress;
    switch (event.type) {
      case 'queued':
        this.#wait.name(`place ${event.position} in the queue: ${event.reason}`);
        return;
      case 'started':
        this.#wait.end();
        progress.promptTokens = event.promptTokens;
        progress.cachedTokens = event.cachedTokens;
        this.#startedAtMs = this.#tools.clock.monotonicMs();
        this.#metered.queueMs = this.#startedAtMs - this.#call.startedMs;
        return;
      case 'token':
        if (this.#metered.firstTokenMs === 0) this.#metered.firstTokenMs = this.#tools.clock.monotonicMs() - this.#call.startedMs;
        progress.outputTokens = event.tokens;
        if (!this.#call.request.stream) {
          this.#text += event.text;
          return;
        }
        this.#begin();
        this.#metered.progress(this.#counts());
        if (!this.#frame({ content: event.text }, null)) await this.#drained();
        return;
      case 'done':
        progress.promptTokens = event.promptTokens;
        progress.cachedTokens = event.cachedTokens;
        progress.outputTokens = event.outputTokens;
        progress.finishReason = event.finishReason;
        return;
      case 'aborted':
        progress.left = true;
    }
  }

  #begin(): void {
    const { sink } = this.#call;
    if (this.#begun) return;
    this.#begun = true;
    if (!sink.started) sink.head(200, STREAM_HEADERS);
    this.#frame({ role: 'assistant', content: '', refusal: null }, null);
  }

  #frame(delta: Record<string, unknown>, finishReason: string | null): boolean {
    const { request, target, sink } = this.#call;
    return sink.write(`data: ${JSON.stringify({
      id: replyId(this.#call), object: 'chat.completion.chunk', created: this.#created, model: target.alias,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }], ...(request.includeUsage && { usage: null }),
    })}\n\n`);
  }

  /** A slow client holds its own generation up, and only until it leaves. */
  async #drained(): Promise<void> {
    const { sink, signal } = this.#call;
    if (signal.aborted) return;
    let onLeft = () => {};
    const left = new Promise<void>((resolve) => {
      onLeft = resolve;
      signal.addEventListener('abort', onLeft, { once: true });
    });
    await Promise.race([sink.drained(), left]);
    signal.removeEventListener('abort', onLeft);
  }

  #counts(): TokenCounts {
    const { promptTokens, cachedTokens, outputTokens } = this.#progress;
    const cacheRead = Math.min(cachedTokens, promptTokens);
    return { input: promptTokens - cacheRead, cacheRead, output: outputTokens, reasoning: 0 };
  }

  async #finish(reason: 'stop' | 'length' | 'deadline'): Promise<void> {
    const { request, sink, target } = this.#call;
    const finishReason = reason === 'deadline' ? 'length' : reason;
    const counts = this.#counts();
    if (request.stream) {
      this.#begin();
      this.#frame({}, finishReason);
    }
    const end = { outcome: (reason === 'deadline' ? 'deadline' : 'completed') satisfies Outcome, counts, counted: 'tokenizer', finishReason, httpStatus: null } as const;
    if (!request.stream) {
      const settlement = await this.#metered.settle(end);
      this.#metered.sendJson({
        id: replyId(this.#call), object: 'chat.completion', created: this.#created, model: target.alias,
        choices: [{ index: 0, message: { role: 'assistant', content: this.#text, refusal: null }, logprobs: null, finish_reason: finishReason }],
        usage: writeUsage(counts),
      }, settlement);
      return;
    }
    try {
      const settlement = await this.#metered.settle(end);
      let tail = 'data: [DONE]\n\n';
      if (request.includeUsage || this.#call.receipt) {
        const frame = {
          id: replyId(this.#call), object: 'chat.completion.chunk', created: this.#created, model: target.alias, choices: [],
          usage: writeUsage(counts), ...(this.#call.receipt && { tandem: this.#metered.receipt(settlement) }),
        };
        tail = `data: ${JSON.stringify(frame)}\n\n${tail}`;
      }
      sink.end(tail);
    } catch (error) {
      writeErrorFrame(sink, error, this.#call.id);
    }
  }

  /** The client left: what was written to it is charged; an answer that was to come whole was not delivered at all. */
  async #leave(): Promise<void> {
    await this.#endDelivered('client_left');
  }

  async #fail(error: unknown): Promise<void> {
    await this.#endDelivered(this.#call.signal.aborted ? 'client_left' : 'failed');
    if (this.#call.signal.aborted) return;
    if (!this.#call.sink.started) throw error;
    writeErrorFrame(this.#call.sink, error, this.#call.id);
  }

  async #endDelivered(outcome: 'client_left' | 'failed'): Promise<void> {
    if (!this.#call.request.stream || this.#progress.outputTokens === 0) {
      await this.#metered.release(outcome, null, this.#startedAtMs === 0 ? NOTHING : this.#counts());
      return;
    }
    try {
      await this.#metered.settle({ outcome: outcome === 'failed' ? 'cut' : outcome, counts: this.#counts(), counted: 'tokenizer', finishReason: null, httpStatus: null });
    } catch (failure) {
      this.#tools.log.error({ call: this.#call.id, code: isTandemError(failure) ? failure.code : 'internal' }, 'a cut call could not be settled');
    }
  }
}
