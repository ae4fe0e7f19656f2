import type { LlamaContextSequence, LlamaGrammarEvaluationState, SequenceEvaluateOptions, Token } from 'node-llama-cpp';
import type { Clock } from '../../base/index.ts';
import type { EngineEvent } from './local-engine.ts';
import type { LoadedModel } from './loaded-model.ts';
import { WorkerRefusal, type WorkerRequest } from './protocol.ts';
import type { Slots } from './slots.ts';
import { StopText } from './stop-text.ts';

export interface GenerationTools {
  readonly model: LoadedModel;
  readonly slots: Slots<Token, LlamaContextSequence>;
  readonly clock: Clock;
  readonly promptChunkTokens: number;
  /** A random seed for requests without one. */
  readonly randomSeed: () => number;
  /** Told after everything that the model evaluated or made: how the server sees that it is not stuck. */
  readonly onProgress: () => void;
}

/**
 * SmolLM2's model card recommends temperature 0.2 and top-p 0.9; top-k 40 is llama.cpp's own default. Where the caller says
 * nothing the likeliest token is taken instead: at 0.2 this small model named another capital of France in 2 of 30 answers.
 */
const DEFAULT_SAMPLING = { temperature: 0, topP: 0.9, topK: 40 };

/**
 * Makes one answer, telling events from `started` to `done` or `aborted`. Looks at `aborted` and the
 * deadline before every chunk of the prompt and after every token.
 * @throws WorkerRefusal context_length_exceeded, and engine_overloaded when no slot is free.
 */
export async function runGeneration(
  request: WorkerRequest,
  queueMs: number,
  aborted: () => boolean,
  tools: GenerationTools,
  tell: (event: EngineEvent) => void,
): Promise<void> {
  const { model, slots, clock } = tools;
  const startMs = clock.monotonicMs();
  const late = () => clock.monotonicMs() - startMs >= request.deadlineMs;

  const sampling = await samplingOf(request, tools);
  const prompt = model.promptTokens(request.messages);
  const room = model.contextTokens - prompt.length;
  if (room < 1) {
    throw new WorkerRefusal({ code: 'context_length_exceeded', options: { params: { tokens: prompt.length, limit: model.contextTokens - 1 }, param: 'messages' } });
  }
  const taken = slots.take(request.fairnessKey, prompt);
  if (!taken) throw new WorkerRefusal({ code: 'engine_overloaded', options: { params: { reason: 'no place is free' } } });

  const { slot } = taken;
  const { sequence } = slot;
  // With a seed nothing is reused: the same numbers must come from the same computation.
  const reuse = request.seed === undefined ? taken.reuse : 0;
  const made: Token[] = [];
  const meterBefore = evaluated(sequence);
  let cachedTokens = reuse;
  let firstTokenMs: number | undefined;
  const counts = () => {
    const nowMs = clock.monotonicMs();
    return {
      promptTokens: prompt.length, cachedTokens, outputTokens: made.length, queueMs,
      promptMs: Math.round((firstTokenMs ?? nowMs) - startMs),
      generateMs: firstTokenMs === undefined ? 0 : Math.round(nowMs - firstTokenMs),
    };
  };

  let met: string | null = null;
  try {
    if (reuse < sequence.nextTokenIndex) await sequence.eraseContextTokenRanges([{ start: reuse, end: sequence.nextTokenIndex }]);
    tell({ type: 'started', promptTokens: prompt.length, cachedTokens: reuse });

    const cut = () => (aborted() ? 'aborted' : late() ? 'deadline' : undefined);
    let at = reuse;
    while (prompt.length - at > tools.promptChunkTokens) {
      const why = cut();
      if (why !== undefined) return finish(why);
      await sequence.evaluateWithoutGeneratingNewTokens(prompt.slice(at, at + tools.promptChunkTokens));
      at += tools.promptChunkTokens;
      tools.onProgress();
    }

    const text = model.text();
    const stopText = new StopText(request.stop ?? []);
    const mostTokens = Math.min(request.maxTokens, room);
    let end: 'stop' | 'length' | 'deadline' | 'aborted' | undefined = cut();
    if (end === undefined) {
      const options = { ...sampling, ...penaltiesOf(request, made) };
      for await (const token of sequence.evaluate(prompt.slice(at), options)) {
        tools.onProgress();
        if (firstTokenMs === undefined) {
          firstTokenMs = clock.monotonicMs();
          // The last prompt token is metered as output by the library, hence the one.
          cachedTokens = Math.max(0, prompt.length - (evaluated(sequence) - meterBefore));
        }
        if (aborted()) {
          end = 'aborted';
          break;
        }
        if (model.endsTurn(token)) break;
        made.push(token);
        const shown = stopText.push(text.push(token));
        if (shown.text !== '') tell({ type: 'token', text: shown.text, tokens: made.length });
        if (shown.stopped) {
          met = stopText.met;
          break;
        }
        if (made.length >= mostTokens) end = 'length';
        else if (late()) end = 'deadline';
        if (end !== undefined) break;
      }
    }
    if (end !== 'aborted') {
      const rest = stopText.flush();
      if (rest !== '') tell({ type: 'token', text: rest, tokens: made.length });
    }
    finish(end ?? 'stop');
  } catch (error) {
    // What the sequence holds after a failed evaluation is not sure, so nothing of it is used again.
    slot.key = undefined;
    throw error;
  } finally {
    slots.give(slot);
  }

  function finish(end: 'stop' | 'length' | 'deadline' | 'aborted'): void {
    tell(end === 'aborted' ? { type: 'aborted', ...counts() } : { type: 'done', finishReason: end, ...(met !== null && { stopText: met }), ...counts() });
  }
}

/** Tokens that went through the model in this sequence: evaluated prompt and made tokens together. */
function evaluated(sequence: LlamaContextSequence): number {
  const { usedInputTokens, usedOutputTokens } = sequence.tokenMeter.getState();
  return usedInputTokens + usedOutputTokens;
}

async function samplingOf(request: WorkerRequest, tools: GenerationTools): Promise<SequenceEvaluateOptions> {
  return {
    temperature: request.temperature ?? DEFAULT_SAMPLING.temperature,
    topP: request.topP ?? DEFAULT_SAMPLING.topP,
    topK: DEFAULT_SAMPLING.topK,
    // The sampler takes 32 bits; any whole number is brought into them.
    seed: request.seed === undefined ? tools.randomSeed() : request.seed >>> 0,
    ...(request.grammar === undefined ? {} : { grammarEvaluationState: await grammarOf(request.grammar, tools.model) }),
  };
}

async function grammarOf(gbnf: string, model: LoadedModel): Promise<LlamaGrammarEvaluationState> {
  try {
    return await model.grammar(gbnf);
  } catch {
    // What the writer of the grammar lets through, llama.cpp only refuses for a rule that begins with itself.
    throw new WorkerRefusal({ code: 'schema_unsupported', options: { params: { path: '$', reason: 'a part of it refers to itself without end' }, param: 'response_format.json_schema.schema' } });
  }
}

/** Mild, over the last tokens of the answer: 1.1, which llama.cpp once had as its default, made this model miscount to twenty. */
const REPEAT_PENALTY = 1.05;
const REPEAT_WINDOW = 64;

/** OpenAI's penalties: per token already made in this answer, the prompt not counted. */
function penaltiesOf(request: WorkerRequest, made: readonly Token[]): SequenceEvaluateOptions {
  if (!request.frequencyPenalty && !request.presencePenalty) {
    // Always the likeliest token can go round in a circle; who sets a temperature chooses for himself, a grammar must not be bent.
    const unguided = request.temperature === undefined && request.grammar === undefined;
    return unguided ? { repeatPenalty: { punishTokens: () => made.slice(-REPEAT_WINDOW), penalty: REPEAT_PENALTY } } : {};
  }
  return {
    repeatPenalty: {
      punishTokens: () => [...made],
      penalty: 1,
      frequencyPenalty: request.frequencyPenalty ?? 0,
      presencePenalty: request.presencePenalty ?? 0,
    },
  };
}
