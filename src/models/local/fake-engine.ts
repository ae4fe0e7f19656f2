import { silentLogger, systemClock, type Clock } from '../../base/index.ts';
import { createLocalEngine } from './engine.ts';
import { FakeWorkers, type FakeScript } from './fake-worker.ts';
import { engineLimits, type EngineLimits } from './limits.ts';
import type { ChatMessage, EngineEvent, EngineState, GenerateRequest, LocalEngine } from './local-engine.ts';

export interface FakeEngineOptions {
  readonly clock?: Clock;
  readonly limits?: Partial<EngineLimits>;
  readonly script?: Partial<FakeScript>;
}

/**
 * FAKE, for tests: a LocalEngine without a model. Queue, limits, supervision, stop texts and counting
 * are those of the real engine; the process behind it is played in this one. A token is a word; the
 * default answer says what was asked ("You said: …"), or the least value of the JSON Schema.
 */
export class FakeEngine implements LocalEngine {
  readonly script: FakeScript;
  readonly #workers: FakeWorkers;
  readonly #engine: LocalEngine;
  readonly #asked = new Map<string, GenerateRequest>();

  constructor(options: FakeEngineOptions = {}) {
    const clock = options.clock ?? systemClock;
    this.script = {
      answer: (request) => this.#defaultAnswer(request.id),
      promptDelayMs: 0, tokenDelayMs: 0, loadFailure: undefined, hangs: false,
      ...options.script,
    };
    this.#workers = new FakeWorkers(this.script, clock);
    this.#engine = createLocalEngine({
      modelPath: '/fake.gguf', log: silentLogger, clock, limits: engineLimits(options.limits), spawn: this.#workers.spawn,
    });
  }

  start(signal?: AbortSignal): Promise<void> {
    return this.#engine.start(signal);
  }

  stop(): Promise<void> {
    return this.#engine.stop();
  }

  state(): EngineState {
    return this.#engine.state();
  }

  countTokens(messages: readonly ChatMessage[], options?: { readonly signal?: AbortSignal }): Promise<number> {
    return this.#engine.countTokens(messages, options);
  }

  async *generate(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<EngineEvent, void, void> {
    this.#asked.set(request.id, request);
    try {
      yield* this.#engine.generate(request, signal);
    } finally {
      this.#asked.delete(request.id);
    }
  }

  /** The fake process dies; what runs in it fails with engine_restarted, and it is started again. */
  crash(how = 'its process was ended by SIGSEGV'): void {
    this.#workers.crash(how);
  }

  #defaultAnswer(id: string): string {
    const request = this.#asked.get(id);
    if (request?.jsonSchema) return JSON.stringify(leastValue(request.jsonSchema as Record<string, unknown>));
    if (request?.jsonObject) return '{}';
    return `You said: ${request?.messages.at(-1)?.content ?? ''}`;
  }
}

/** A small value that the schema allows, for the keywords that fake answers are asked with. */
function leastValue(schema: Record<string, unknown>): unknown {
  if (schema['const'] !== undefined) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  const type = Array.isArray(schema['type']) ? schema['type'][0] : schema['type'];
  switch (type) {
    case 'object': {
      const properties = (schema['properties'] ?? {}) as Record<string, Record<string, unknown>>;
      return Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, leastValue(property)]));
    }
    case 'array':
      return Array.from({ length: Number(schema['minItems'] ?? 0) }, () => leastValue((schema['items'] ?? {}) as Record<string, unknown>));
    case 'string':
      return 'a'.repeat(Number(schema['minLength'] ?? 1));
    case 'integer':
    case 'number':
      return 1;
    case 'boolean':
      return true;
    default:
      return null;
  }
}
