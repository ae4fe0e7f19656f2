import type { JsonObject } from '../../request/json.ts';

/** What needs no escape in JSON, as ids and names of models have it. */
const PLAIN = /^[\w./:@ -]*$/;

/** Where in a text something was replaced, and by what. */
interface Renamed {
  readonly text: string;
  /** The text's beginning up to the end of what was replaced, and what stands there now. */
  readonly before: string;
  readonly after: string;
}

/**
 * A backend's JSON object with another `id` and `model`, and every other byte as it came: parsing it was enough to know it, writing it
 * anew costs as much again. Only where both stand before the object holds any other object, so that they are its own.
 * @param value what `text` parses to.
 * @returns null where that is not so: then it has to be written anew.
 */
export function renamed(text: string, value: JsonObject, id: string, model: string): string | null {
  // Between the tokens JSON may have line ends, which the caller's own form of a reply has not.
  if (text.includes('\n') || text.includes('\r')) return null;
  return rename(text, value, id, model)?.text ?? null;
}

function rename(text: string, value: JsonObject, id: string, model: string): Renamed | null {
  if (!PLAIN.test(id) || !PLAIN.test(model)) return null;
  const inner = text.indexOf('{', 1);
  const own = inner === -1 ? text.length : inner;
  const first = find(text, 'id', value['id'], own);
  const second = find(text, 'model', value['model'], own);
  if (first === null || second === null) return null;
  const [a, b, atA, atB] = first.at < second.at ? [first, second, id, model] : [second, first, model, id];
  const after = text.slice(0, a.at) + atA + text.slice(a.end, b.at) + atB;
  return { text: after + text.slice(b.end), before: text.slice(0, b.end), after };
}

function find(text: string, field: string, value: unknown, before: number): { readonly at: number; readonly end: number } | null {
  if (typeof value !== 'string' || !PLAIN.test(value)) return null;
  for (const name of [`"${field}":"`, `"${field}": "`]) {
    const found = text.indexOf(name);
    if (found === -1 || found > before) continue;
    const at = found + name.length;
    return text.startsWith(`${value}"`, at) ? { at, end: at + value.length } : null;
  }
  return null;
}

const CLOSING = 0x7d;

/** The chunks of one stream, renamed: they begin alike, so only the first is searched. */
export class ChunkNames {
  readonly #id: string;
  readonly #model: string;
  #before: string | null = null;
  #after = '';

  constructor(id: string, model: string) {
    this.#id = id;
    this.#model = model;
  }

  /**
   * @param text without line ends, which would end a line of an event.
   * @param usage whether each chunk has to say `"usage":null`; where not, none does.
   * @returns null: it has to be written anew.
   */
  of(text: string, chunk: JsonObject, usage: boolean): string | null {
    const named = this.#named(text, chunk);
    if (named === null) return null;
    const said = chunk['usage'];
    if (said === undefined) return usage ? `${named.slice(0, -1)},"usage":null}` : named;
    if (said !== null) return null;
    return usage ? named : withoutNull(named);
  }

  #named(text: string, chunk: JsonObject): string | null {
    if (text.charCodeAt(text.length - 1) !== CLOSING) return null;
    const before = this.#before;
    if (before !== null && text.startsWith(before)) return this.#after + text.slice(before.length);
    const found = rename(text, chunk, this.#id, this.#model);
    if (found === null) return null;
    this.#before = found.before;
    this.#after = found.after;
    return found.text;
  }
}

const NO_USAGE = ',"usage":null}';

/** Only where it stands last is it surely the chunk's own. */
function withoutNull(text: string): string | null {
  return text.endsWith(NO_USAGE) ? `${text.slice(0, -NO_USAGE.length)}}` : null;
}
