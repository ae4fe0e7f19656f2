/** A word, a number, a code, an id: what a label is made of. No `@`: an address is no label. */
const LABEL = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$/;

/**
 * What of annotations is kept beside a call: metadata alone. A hook may say anything, a sentence out of the prompt too, so a
 * value that is no label is not kept, and its name stands alone.
 */
export function keptAnnotations(annotations: Readonly<Record<string, string>>): Record<string, string | null> {
  return Object.fromEntries(Object.entries(annotations).map(([name, value]) => [name, LABEL.test(value) ? value : null]));
}
