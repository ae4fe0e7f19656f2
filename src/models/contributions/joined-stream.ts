import { isObject, type JsonObject } from '../request/json.ts';

/** Fields whose texts are pieces of one, in the streams of the three dialects. */
const PIECES: ReadonlySet<string> = new Set(['content', 'reasoning_content', 'reasoning', 'refusal', 'arguments', 'text', 'partial_json', 'thinking', 'delta']);
/** What tells one text of a stream from another that comes between its pieces. No `type`: the first piece of a call alone has one. */
const PLACES = ['index', 'output_index', 'content_index', 'summary_index', 'item_id'] as const;

interface Piece {
  readonly holder: Record<string, unknown>;
  readonly field: string;
  readonly text: string;
}

/**
 * The data of a stream's events with each text whole in the first event that brought a piece of it, and nothing of it in the others:
 * what is cut over events could not be found by who looks for its form. Changes the events in place.
 */
export function joinPieces(events: readonly unknown[]): void {
  const texts = new Map<string, Piece[]>();
  for (const event of events) collect(event, '', false, texts);
  for (const [first, ...rest] of texts.values()) {
    if (rest.length === 0) continue;
    first!.holder[first!.field] = first!.text + rest.map(({ text }) => text).join('');
    for (const { holder, field } of rest) holder[field] = '';
  }
}

/** Takes out, in place, the probabilities of tokens: they say the whole text again, a token at a time. */
export function dropLogprobs(value: unknown): void {
  if (Array.isArray(value)) {
    for (const one of value) dropLogprobs(one);
  } else if (isObject(value)) {
    for (const [name, one] of Object.entries(value)) {
      if (name === 'logprobs' && typeof one === 'object') (value as Record<string, unknown>)[name] = Array.isArray(one) ? [] : null;
      else dropLogprobs(one);
    }
  }
}

function collect(value: unknown, path: string, inDelta: boolean, texts: Map<string, Piece[]>): void {
  if (Array.isArray(value)) {
    for (const one of value) collect(one, `${path}[]`, inDelta, texts);
    return;
  }
  if (!isObject(value)) return;
  const here = `${path}{${placeOf(value)}}`;
  for (const [name, one] of Object.entries(value)) {
    const place = `${here}.${name}`;
    if (typeof one !== 'string') {
      collect(one, place, inDelta || name === 'delta', texts);
    } else if ((inDelta || name === 'delta') && PIECES.has(name)) {
      const pieces = texts.get(place) ?? [];
      pieces.push({ holder: value as Record<string, unknown>, field: name, text: one });
      texts.set(place, pieces);
    }
  }
}

function placeOf(value: JsonObject): string {
  return PLACES.map((name) => (value[name] === undefined ? '' : JSON.stringify(value[name]))).join();
}
