import { PartStream } from '../../neutral/part-stream.ts';
import type { ReplyEvent } from '../../neutral/reply.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { readFinish } from './finish.ts';
import { oldCallId } from './tool-calls.ts';

/** Puts chunks into neutral events: which part a piece belongs to is told by its field, a tool call's by its `index`. */
export class ChunkParts {
  readonly #stream = new PartStream();
  /** By choice and the call's index there: the neutral part, and the id that it came with. Bounded by the answer's own length. */
  readonly #calls: ({ readonly part: number; readonly id: string } | undefined)[][] = [];
  /** Choices in which the model refuses: it says that it stopped, as any other. */
  readonly #refused = new Set<number>();

  chunk(choices: readonly JsonObject[]): void {
    for (const choice of choices) this.#choice(choice);
  }

  take(): readonly ReplyEvent[] {
    return this.#stream.take();
  }

  #choice(choice: JsonObject): void {
    const index = whole(choice['index']);
    const delta = choice['delta'];
    if (isObject(delta)) {
      const logprobs = isObject(choice['logprobs']) ? choice['logprobs'] : undefined;
      // vLLM writes `reasoning_content`, its later versions and OpenRouter `reasoning`.
      this.#stream.text(index, 'reasoning', text(delta['reasoning_content'] ?? delta['reasoning']));
      this.#stream.text(index, 'text', text(delta['content']), logprobs);
      const refusal = text(delta['refusal']);
      if (refusal !== '') this.#refused.add(index);
      this.#stream.text(index, 'refusal', refusal);
      if (Array.isArray(delta['tool_calls'])) for (const call of delta['tool_calls']) if (isObject(call)) this.#call(index, call);
      if (isObject(delta['function_call'])) this.#call(index, { index: 0, type: 'function', function: delta['function_call'] });
    }
    const finish = readFinish(choice['finish_reason']);
    if (finish === null) return;
    for (const call of this.#calls[index] ?? []) if (call !== undefined) this.#stream.endTool(index, call.part);
    this.#calls[index] = [];
    this.#stream.finish(index, finish === 'stop' && this.#refused.has(index) ? 'refusal' : finish, text(choice['stop_reason']) || null);
  }

  #call(choice: number, call: JsonObject): void {
    const calls = (this.#calls[choice] ??= []);
    const at = whole(call['index']);
    const custom = isObject(call['custom']) ? call['custom'] : null;
    const said = custom ?? (isObject(call['function']) ? call['function'] : {});
    const id = text(call['id']);
    const name = text(said['name']);
    let open = calls[at];
    // Google's endpoint and others give calls that are made at once the same index: another name under another id is another call.
    if (open !== undefined && name !== '' && id !== '' && id !== open.id) {
      this.#stream.endTool(choice, open.part);
      open = undefined;
    }
    if (open === undefined) calls[at] = open = { part: this.#stream.tool(choice, { id: id || oldCallId(name), name, kind: custom ? 'custom' : 'function' }), id };
    this.#stream.toolInput(choice, open.part, text(custom ? said['input'] : said['arguments']));
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A backend that numbers beyond this means no good. */
const MOST_PLACES = 1024;

function whole(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value < MOST_PLACES ? value : 0;
}
