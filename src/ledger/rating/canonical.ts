/**
 * JSON in one form: names sorted, nothing between the tokens. jsonb keeps objects in an order of its own, so what is hashed
 * is brought to this form first; the log writes it from the start, and then nobody has to.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return jsonText(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const source = value as Readonly<Record<string, unknown>>;
  let json = '';
  for (const name of Object.keys(source).sort()) {
    const one = source[name];
    if (one !== undefined) json += `${json === '' ? '' : ','}${jsonText(name)}:${canonicalJson(one)}`;
  }
  return `{${json}}`;
}

const PLAIN = /^[\w./:@ -]*$/;

/** A text as JSON. Ids and most names need no escapes. */
export function jsonText(value: string): string {
  return PLAIN.test(value) ? `"${value}"` : JSON.stringify(value);
}
