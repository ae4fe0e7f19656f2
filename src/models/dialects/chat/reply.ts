import { BadReply } from '../../neutral/bad-reply.ts';
import type { Part, TextPart } from '../../neutral/parts.ts';
import type { FinishReason, NeutralChoice, NeutralReply } from '../../neutral/reply.ts';
import type { TokenCounts } from '../../quantities.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { toldInside } from './errors.ts';
import { readFinish } from './finish.ts';
import { giveIds } from './missing-ids.ts';
import { readCalls } from './tool-calls.ts';
import { readUsage } from './usage.ts';

/** A whole chat completion. Its parts are put together only for a caller of another dialect. */
export class ChatReply implements NeutralReply {
  readonly usage: TokenCounts | null;
  readonly native: JsonObject | null;
  /** Undefined: something was added to it. */
  readonly nativeText: string | undefined;
  readonly serviceTier: string | null;
  readonly #reply: JsonObject;

  /** @param own whether the caller speaks chat too, and gets the reply as it came. */
  constructor(reply: JsonObject, text: string | undefined, own: boolean) {
    this.#reply = reply;
    this.nativeText = text;
    this.native = own ? reply : null;
    this.usage = readUsage(reply['usage']) ?? null;
    this.serviceTier = typeof reply['service_tier'] === 'string' ? reply['service_tier'] : null;
  }

  get finish(): FinishReason {
    const last: unknown = (this.#reply['choices'] as unknown[]).at(-1);
    return isObject(last) ? finishOf(last) : 'stop';
  }

  get choices(): readonly NeutralChoice[] {
    return (this.#reply['choices'] as unknown[]).filter(isObject).map((choice) => new ChatChoice(choice));
  }
}

/**
 * @param turn the number of messages that it answers.
 * @throws BadReply for everything that is no answer.
 */
export function readReply(text: string, own: boolean, turn: number): ChatReply {
  let reply: unknown;
  try {
    reply = JSON.parse(text);
  } catch {
    throw new BadReply('its answer is not valid JSON');
  }
  if (!isObject(reply)) throw new BadReply('its answer is not a JSON object');
  if (reply['error'] != null) throw toldInside(reply['error']);
  if (!Array.isArray(reply['choices']) || reply['choices'].length === 0) throw new BadReply('its answer has no choices');
  return new ChatReply(reply, giveIds(reply['choices'] as unknown[], 'message', turn) ? undefined : text, own);
}

class ChatChoice implements NeutralChoice {
  readonly #choice: JsonObject;

  constructor(choice: JsonObject) {
    this.#choice = choice;
  }

  get finish() {
    return finishOf(this.#choice);
  }

  /** vLLM names the text in `stop_reason`. */
  get stopText(): string | null {
    const text = this.#choice['stop_reason'];
    return typeof text === 'string' ? text : null;
  }

  get logprobs(): JsonObject | null {
    const logprobs = this.#choice['logprobs'];
    return isObject(logprobs) ? logprobs : null;
  }

  get parts(): readonly Part[] {
    const message = this.#choice['message'];
    return isObject(message) ? messageParts(message) : [];
  }
}

/** A model that refuses has stopped, in OpenAI's words; its message has them in a field of their own. */
function finishOf(choice: JsonObject): FinishReason {
  const finish = readFinish(choice['finish_reason']) ?? 'stop';
  const message = choice['message'];
  return finish === 'stop' && isObject(message) && typeof message['refusal'] === 'string' && message['refusal'] !== '' ? 'refusal' : finish;
}

/** What an assistant's message holds, in the order in which it was thought, said and called. */
function messageParts(message: JsonObject): Part[] {
  const parts: Part[] = [];
  const thought = message['reasoning_content'] ?? message['reasoning'];
  if (typeof thought === 'string' && thought !== '') parts.push({ type: 'reasoning', text: thought, form: 'text' });
  const { content, refusal, annotations } = message as { content?: unknown; refusal?: unknown; annotations?: unknown };
  if (typeof content === 'string' && content !== '') {
    const noted = Array.isArray(annotations) ? annotations.filter(isObject) : [];
    const part: TextPart = { type: 'text', text: content, ...(noted.length > 0 && { annotations: noted }) };
    parts.push(part);
  }
  if (typeof refusal === 'string' && refusal !== '') parts.push({ type: 'refusal', text: refusal });
  parts.push(...readCalls(message));
  return parts;
}
