import { plain } from './labels.ts';

const PLAIN = /^[\w./:@-]*$/;

/**
 * A text as JSON. Ids and most names need no escapes. What Postgres' jsonb refuses (U+0000, half a surrogate pair) is taken
 * out: a backend's odd word must not stop the log.
 */
export function quoted(value: string): string {
  return PLAIN.test(value) ? `"${value}"` : JSON.stringify(plain(value));
}

/** More names than an installation has; a name that changes with each call would only cost a look-up. */
const MOST_KNOWN = 10_000;
const known = new Map<string, string>();

/** The same, for names and ids of what is configured (backends, models, prices): made once for each, not once for each call. */
export function named(value: string): string {
  let text = known.get(value);
  if (text === undefined) {
    text = quoted(value);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(value, text);
  }
  return text;
}
