/** Fields of callers' dialects that ask nothing of an answer: a backend without a word for them drops them, see its losses. */
const ASK_NOTHING: ReadonlySet<string> = new Set(['safety_identifier', 'prompt_cache_retention', 'prompt_cache_options', 'client_metadata', 'prediction', 'store', 'stream_options', 'include', 'truncation', 'max_tool_calls']);

/**
 * The first field that may ask something of an answer, for a refusal; null: there is none.
 * @param rest fields without a word in the neutral form.
 */
export function unknownField(rest: Readonly<Record<string, unknown>>): string | null {
  return Object.keys(rest).find((field) => !ASK_NOTHING.has(field)) ?? null;
}
