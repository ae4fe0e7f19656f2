import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { LlamaContextSequence, Token } from 'node-llama-cpp';
import { systemClock } from '../../base/index.ts';
import { runGeneration, type GenerationTools } from './generation.ts';
import { loadModel } from './loaded-model.ts';
import { WorkerRefusal, type FromWorker, type ToWorker, type WorkerFailure } from './protocol.ts';
import { Slots } from './slots.ts';

/**
 * The engine's process: loads one model and answers what the server asks over the IPC channel. It owns
 * no file, port or secret, and ends when the server does.
 */
let progress = 0;
let tools: GenerationTools | undefined;
const aborted = new Set<string>();
const running = new Set<string>();

const tell = (message: FromWorker): void => {
  // The channel may close between two tokens; the disconnect handler ends the process then.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
};
const endNow = (): void => {
  process.kill(process.pid, 'SIGKILL');
};

process.on('disconnect', endNow);
process.on('message', (message: ToWorker) => {
  void handle(message);
});
new Worker(new URL('./parent-watch.ts', import.meta.url), { workerData: { parentPid: process.ppid } }).unref();
preferAsVictim();

async function handle(message: ToWorker): Promise<void> {
  switch (message.type) {
    case 'load':
      return load(message);
    case 'ping':
      return tell({ type: 'pong', sequence: message.sequence, progress });
    case 'count':
      return count(message);
    case 'generate':
      return generate(message);
    case 'abort':
      if (running.has(message.id)) aborted.add(message.id);
      return undefined;
    case 'stop':
      // Nothing here needs saving, and the native library's own ending can wait on its threads.
      return endNow();
  }
}

async function load({ modelPath, limits, systemMessage }: Extract<ToWorker, { type: 'load' }>): Promise<void> {
  const beganMs = systemClock.monotonicMs();
  try {
    const model = await loadModel(modelPath, limits, systemMessage);
    tools = {
      model,
      slots: new Slots<Token, LlamaContextSequence>(model.sequences),
      clock: systemClock,
      promptChunkTokens: limits.promptChunkTokens,
      randomSeed: () => randomInt(2 ** 31),
      onProgress: () => {
        progress += 1;
      },
    };
    tell({ type: 'loaded', contextTokens: model.contextTokens, sequences: model.sequences.length, loadMs: Math.round(systemClock.monotonicMs() - beganMs) });
  } catch (error) {
    tell({ type: 'load_failed', reason: error instanceof Error ? error.message : String(error) });
  }
}

function count({ id, messages }: Extract<ToWorker, { type: 'count' }>): void {
  try {
    if (!tools) throw new Error('no model is loaded');
    tell({ type: 'counted', id, tokens: tools.model.promptTokens(messages).length });
  } catch (error) {
    tell({ type: 'count_failed', id, failure: failureOf(error) });
  }
}

async function generate({ request, queueMs }: Extract<ToWorker, { type: 'generate' }>): Promise<void> {
  const { id } = request;
  running.add(id);
  try {
    if (!tools) throw new Error('no model is loaded');
    await runGeneration(request, queueMs, () => aborted.has(id), tools, (event) => tell({ type: 'event', id, event }));
  } catch (error) {
    tell({ type: 'failed', id, failure: failureOf(error) });
  } finally {
    running.delete(id);
    aborted.delete(id);
  }
}

function failureOf(error: unknown): WorkerFailure {
  if (error instanceof WorkerRefusal) return error.failure;
  return { code: 'internal', options: { detail: error instanceof Error ? error.message : String(error) } };
}

/** When memory runs out the kernel shall end this process and not the server. Linux only; elsewhere there is nothing to set. */
function preferAsVictim(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '600');
  } catch {
    // Not Linux, or not allowed: a wish, not a need.
  }
}
