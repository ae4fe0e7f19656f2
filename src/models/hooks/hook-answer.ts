import { isObject, type JsonObject } from '../request/json.ts';

/** What a hook says of a request. */
export type HookAnswer =
  | { readonly action: 'allow'; readonly annotations: Annotations }
  | { readonly action: 'block'; readonly reason: string }
  | { readonly action: 'replace'; readonly body: JsonObject; readonly annotations: Annotations };

export type Annotations = Readonly<Record<string, string>>;

const MOST_ANNOTATIONS = 16;
const KEY = /^[a-z][a-z0-9_.-]{0,63}$/;
/** They become a header: visible ASCII. */
const VALUE = /^[ -~]{0,200}$/;

/** Reads what a hook answered; undefined: it is none of the forms. */
export function readAnswer(text: string): HookAnswer | undefined {
  const given = parsed(text);
  if (!isObject(given)) return undefined;
  const { action, reason, body } = given;
  if (action === 'block') return typeof reason === 'string' && reason !== '' ? { action, reason } : undefined;
  const annotations = readAnnotations(given['annotations']);
  if (annotations === undefined) return undefined;
  if (action === 'allow') return { action, annotations };
  return action === 'replace' && isObject(body) ? { action, body, annotations } : undefined;
}

function readAnnotations(given: unknown): Annotations | undefined {
  if (given === undefined) return {};
  if (!isObject(given)) return undefined;
  const entries = Object.entries(given);
  const fits = entries.length <= MOST_ANNOTATIONS && entries.every(([key, value]) => KEY.test(key) && typeof value === 'string' && VALUE.test(value));
  return fits ? Object.fromEntries(entries.map(([key, value]) => [key, String(value)])) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
