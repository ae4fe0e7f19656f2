import type { JsonObject } from '../request/json.ts';
import type { Part, ReasoningPart } from './parts.ts';
import type { FinishReason, NeutralChoice, ReplyEvent } from './reply.ts';

type TextKind = 'text' | 'reasoning' | 'refusal';

interface Choice {
  next: number;
  open: { readonly part: number; readonly kind: TextKind } | null;
}

/**
 * Makes events for backends that send pieces without saying where a part begins and ends, and counts them for the estimate:
 * text of another kind closes the part that is open and opens the next.
 */
export class PartStream {
  /** Pieces with text in them, and the bytes of that text. */
  pieces = 0;
  textBytes = 0;
  #events: ReplyEvent[] = [];
  readonly #choices: Choice[] = [];

  text(choice: number, kind: TextKind, text: string, logprobs?: JsonObject): void {
    if (text === '') return;
    const part = this.#open(choice, kind);
    this.#count(text);
    this.#events.push({ type: 'delta', choice, part, text, ...(logprobs && { logprobs }) });
  }

  /** Opaque state of the reasoning part that is open; of an empty one where none is. */
  seal(choice: number, sealed: ReasoningPart['sealed']): void {
    const part = this.#open(choice, 'reasoning');
    this.#of(choice).open = null;
    this.#events.push({ type: 'part_end', choice, part, ...(sealed && { sealed }) });
  }

  /** Opens a tool call and returns its part, for `toolInput` and `endTool`. Several may be open side by side. */
  tool(choice: number, call: { readonly id: string; readonly name: string; readonly kind?: 'function' | 'custom' }): number {
    this.close(choice);
    const part = this.#of(choice).next++;
    this.#count(call.name);
    this.#events.push({ type: 'part', choice, part, opens: 'tool_call', id: call.id, name: call.name, kind: call.kind ?? 'function' });
    return part;
  }

  toolInput(choice: number, part: number, text: string): void {
    if (text === '') return;
    this.#count(text);
    this.#events.push({ type: 'delta', choice, part, text });
  }

  endTool(choice: number, part: number): void {
    this.#events.push({ type: 'part_end', choice, part });
  }

  /** Closes the text part that is open, if one is. */
  close(choice: number): void {
    const state = this.#of(choice);
    if (state.open === null) return;
    this.#events.push({ type: 'part_end', choice, part: state.open.part });
    state.open = null;
  }

  finish(choice: number, reason: FinishReason, stopText: string | null = null): void {
    this.close(choice);
    this.#events.push({ type: 'finish', choice, reason, stopText });
  }

  /** What has been made since it was last asked. */
  take(): readonly ReplyEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #open(choice: number, kind: TextKind): number {
    const state = this.#of(choice);
    if (state.open?.kind === kind) return state.open.part;
    this.close(choice);
    const part = state.next++;
    state.open = { part, kind };
    this.#events.push({ type: 'part', choice, part, opens: kind });
    return part;
  }

  #of(choice: number): Choice {
    return (this.#choices[choice] ??= { next: 0, open: null });
  }

  #count(text: string): void {
    this.pieces += 1;
    this.textBytes += Buffer.byteLength(text);
  }
}

interface OpenPart {
  readonly event: Extract<ReplyEvent, { type: 'part' }>;
  text: string;
  end?: Extract<ReplyEvent, { type: 'part_end' }>;
}

/** A whole answer from the events of one: for backends whose whole replies are what one event of a stream is. */
export function choicesOfEvents(events: readonly ReplyEvent[]): NeutralChoice[] {
  const choices = new Map<number, { parts: OpenPart[]; finish: FinishReason; stopText: string | null; logprobs: unknown[] }>();
  for (const event of events) {
    if (event.type === 'native') continue;
    let choice = choices.get(event.choice);
    if (!choice) choices.set(event.choice, (choice = { parts: [], finish: 'stop', stopText: null, logprobs: [] }));
    if (event.type === 'finish') {
      choice.finish = event.reason;
      choice.stopText = event.stopText;
    } else if (event.type === 'part') {
      choice.parts[event.part] = { event, text: '' };
    } else if (event.type === 'delta') {
      choice.parts[event.part]!.text += event.text;
      const content = event.logprobs?.['content'];
      if (Array.isArray(content)) choice.logprobs.push(...(content as unknown[]));
    } else {
      choice.parts[event.part]!.end = event;
    }
  }
  return [...choices].sort(([a], [b]) => a - b).map(([, { parts, finish, stopText, logprobs }]) => ({ parts: parts.map(partOf), finish, stopText, logprobs: logprobs.length === 0 ? null : { content: logprobs } }));
}

function partOf({ event, text, end }: OpenPart): Part {
  switch (event.opens) {
    case 'text':
      return { type: 'text', text, ...(end?.annotations && { annotations: end.annotations }) };
    case 'refusal':
      return { type: 'refusal', text };
    case 'reasoning':
      return { type: 'reasoning', text, form: end?.form ?? 'text', ...(end?.sealed && { sealed: end.sealed }) };
    case 'tool_call':
      return { type: 'tool_call', id: event.id, name: event.name, kind: event.kind, input: text };
  }
}
