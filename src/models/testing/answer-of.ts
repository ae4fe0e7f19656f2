import { SAYS } from '../dialects/conformance/backends-say.ts';
import { ANSWERS } from '../dialects/conformance/told.ts';
import { DIALECT_OF, type BackendKind } from '../registry/target.ts';

/** The text of `answerOf`. */
export const ANSWER_TEXT = ANSWERS['a text']!.text;

/** A whole answer in the wire form of a backend of this kind: see `conformance/backends-say.ts` for its source. */
export function answerOf(kind: Exclude<BackendKind, 'local'>): string {
  return SAYS[DIALECT_OF[kind] as keyof typeof SAYS](ANSWERS['a text']!)!.whole;
}
