import type { Clock } from '../../base/index.ts';
import { WorkerRefusal, type FromWorker, type ToWorker, type WorkerRequest } from './protocol.ts';
import type { ChatMessage, EngineEvent } from './local-engine.ts';
import { Slots } from './slots.ts';
import { StopText } from './stop-text.ts';
import type { SpawnWorker, WorkerCallbacks } from './worker-process.ts';

/** How the fake behaves. Everything may be changed while it runs. */
export interface FakeScript {
  /** The words that it answers; a token is a word with the blank before it. */
  answer: (request: WorkerRequest) => string;
  /** Of the engine's clock, before the first token and before each further one. 0: only a turn of the event loop. */
  promptDelayMs: number;
  tokenDelayMs: number;
  /** Loading fails with this reason. */
  loadFailure: string | undefined;
  /** The worker no longer answers anything, as if its process hung. */
  hangs: boolean;
}

/** FAKE, for tests: speaks the worker's side of the protocol in this process, without a model. */
export class FakeWorkers {
  readonly #script: FakeScript;
  readonly #clock: Clock;
  #alive: { callbacks: WorkerCallbacks; life: AbortController } | undefined;
  #pid = 0;

  constructor(script: FakeScript, clock: Clock) {
    this.#script = script;
    this.#clock = clock;
  }

  readonly spawn: SpawnWorker = (callbacks) => {
    const life = new AbortController();
    const alive = { callbacks, life };
    this.#alive = alive;
    this.#pid += 1;
    const aborted = new Set<string>();
    let slots = new Slots<string, { contextTokens: string[] }>([]);
    let contextTokens = 0;
    let progress = 0;
    const tell = (message: FromWorker) => {
      if (!life.signal.aborted && !this.#script.hangs) callbacks.onMessage(message);
    };
    const receive = async (message: ToWorker): Promise<void> => {
      await turn();
      switch (message.type) {
        case 'load':
          slots = new Slots(Array.from({ length: message.limits.sequences }, () => ({ contextTokens: [] })));
          contextTokens = message.limits.contextTokens;
          if (this.#script.loadFailure !== undefined) return tell({ type: 'load_failed', reason: this.#script.loadFailure });
          return tell({ type: 'loaded', contextTokens, sequences: message.limits.sequences, loadMs: 0 });
        case 'ping':
          return tell({ type: 'pong', sequence: message.sequence, progress });
        case 'count':
          return tell({ type: 'counted', id: message.id, tokens: fakePrompt(message.messages).length });
        case 'abort':
          aborted.add(message.id);
          return undefined;
        case 'stop':
          return this.crash('its process ended with code 0', alive);
        case 'generate':
          try {
            const stopped = () => aborted.has(message.request.id);
            await this.#generate(message.request, message.queueMs, slots, contextTokens, stopped, life.signal, (event) => {
              progress += 1;
              tell({ type: 'event', id: message.request.id, event });
            });
          } catch (error) {
            if (error instanceof WorkerRefusal) tell({ type: 'failed', id: message.request.id, failure: error.failure });
          }
          return undefined;
      }
    };
    return {
      pid: this.#pid,
      send: (message) => void receive(message),
      kill: () => this.crash('its process was ended by SIGKILL', alive),
    };
  };

  /** The process ends, as by a native crash. */
  crash(how: string, which = this.#alive): void {
    if (!which || which.life.signal.aborted) return;
    which.life.abort(new Error('the fake worker is gone'));
    void turn().then(() => which.callbacks.onExit(how));
  }

  async #generate(
    request: WorkerRequest, queueMs: number, slots: Slots<string, { contextTokens: string[] }>, contextTokens: number,
    aborted: () => boolean, life: AbortSignal, tell: (event: EngineEvent) => void,
  ): Promise<void> {
    const prompt = fakePrompt(request.messages);
    if (prompt.length >= contextTokens) {
      throw new WorkerRefusal({ code: 'context_length_exceeded', options: { params: { tokens: prompt.length, limit: contextTokens - 1 }, param: 'messages' } });
    }
    const taken = slots.take(request.fairnessKey, prompt);
    if (!taken) throw new WorkerRefusal({ code: 'engine_overloaded', options: { params: { reason: 'no place is free' } } });
    const cachedTokens = request.seed === undefined ? taken.reuse : 0;
    const startMs = this.#clock.monotonicMs();
    let firstMs: number | undefined;
    const made: string[] = [];
    const stopText = new StopText(request.stop ?? []);
    const words = this.#script.answer(request).match(/\s*\S+/g) ?? [];
    const most = Math.min(request.maxTokens, contextTokens - prompt.length);
    let end: 'stop' | 'length' | 'deadline' | 'aborted' | undefined;
    try {
      tell({ type: 'started', promptTokens: prompt.length, cachedTokens });
      for (const word of words) {
        await this.#pause(made.length === 0 ? this.#script.promptDelayMs : this.#script.tokenDelayMs, life);
        firstMs ??= this.#clock.monotonicMs();
        if (aborted()) end = 'aborted';
        else if (this.#clock.monotonicMs() - startMs >= request.deadlineMs) end = 'deadline';
        if (end !== undefined) break;
        made.push(word);
        const { text, stopped } = stopText.push(word);
        if (text !== '') tell({ type: 'token', text, tokens: made.length });
        if (stopped) break;
        if (made.length >= most) end = 'length';
        if (end !== undefined) break;
      }
      taken.slot.sequence.contextTokens = [...prompt, ...made];
      const rest = end === 'aborted' ? '' : stopText.flush();
      if (rest !== '') tell({ type: 'token', text: rest, tokens: made.length });
    } finally {
      slots.give(taken.slot);
    }
    const nowMs = this.#clock.monotonicMs();
    const counts = {
      promptTokens: prompt.length, cachedTokens, outputTokens: made.length, queueMs,
      promptMs: Math.round((firstMs ?? nowMs) - startMs), generateMs: firstMs === undefined ? 0 : Math.round(nowMs - firstMs),
    };
    tell(end === 'aborted' ? { type: 'aborted', ...counts } : { type: 'done', finishReason: end ?? 'stop', ...(stopText.met !== null && { stopText: stopText.met }), ...counts });
  }

  async #pause(delayMs: number, life: AbortSignal): Promise<void> {
    if (delayMs > 0) await this.#clock.sleep(delayMs, life);
    else await turn();
    life.throwIfAborted();
  }
}

/** The fake's tokenizer and template: a token per message, role and word. */
function fakePrompt(messages: readonly ChatMessage[]): string[] {
  return [...messages.flatMap(({ role, content }) => ['<message>', role, ...(content.match(/\S+/g) ?? [])]), '<answer>'];
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
