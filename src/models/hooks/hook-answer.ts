import { isObject } from '../request/json.ts';
import type { Annotations } from './annotations.ts';

/** What a hook says of a request or a reply; `by` is what it puts in its place. */
export type HookAnswer =
  | { readonly action: 'allow'; readonly annotations: Annotations }
  | { readonly action: 'block'; readonly reason: string }
  | { readonly action: 'replace'; readonly by: unknown; readonly annotations: Annotations };

const MOST_ANNOTATIONS = 16;
const KEY = /^[a-z][a-z0-9_.-]{0,63}$/;
/** They become a header: visible ASCII. */
const VALUE = /^[ -~]{0,200}$/;

/** Reads what a hook answered; undefined: it is none of the forms. */
export function readAnswer(text: string, stage: 'request' | 'reply'): HookAnswer | undefined {
  const given = parsed(text);
  if (!isObject(given)) return undefined;
  const { action, reason } = given;
  const by = given[stage === 'request' ? 'body' : 'reply'];
  if (action === 'block') return typeof reason === 'string' && reason !== '' ? { action, reason } : undefined;
  const annotations = readAnnotations(given['annotations']);
  if (annotations === undefined) return undefined;
  if (action === 'allow') return { action, annotations };
  return action === 'replace' && by !== undefined ? { action, by, annotations } : undefined;
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
