/** What an answer says, in no dialect's words: the suite compares what a backend said with what a caller heard. */
export interface Told {
  readonly thought: string;
  readonly text: string;
  readonly refusal: string;
  readonly calls: readonly { readonly name: string; readonly input: string }[];
  /** `filtered`: its vendor's filter ended it. `refusal`: the model itself would not answer. */
  readonly end: 'stop' | 'length' | 'tool_calls' | 'filtered' | 'refusal';
  /** The caller's stop text that ended it. */
  readonly stopText: string | null;
  /** Log probabilities, one for each piece of the text. */
  readonly logprobs: readonly number[];
  /** `written`: of the prompt, into a cache. */
  readonly tokens: { readonly input: number; readonly cached: number; readonly written: number; readonly output: number; readonly thought: number };
}

const TOKENS: Told['tokens'] = { input: 10, cached: 4, written: 0, output: 7, thought: 0 };
const told = (given: Partial<Told>): Told => ({ thought: '', text: '', refusal: '', calls: [], end: 'stop', stopText: null, logprobs: [], tokens: TOKENS, ...given });

/** Each is said by every backend that has words for it, whole and streamed, and heard by every caller. */
export const ANSWERS: Readonly<Record<string, Told>> = {
  'a text': told({ text: 'Grüße aus 東京 🎉, und zurück.' }),
  'a text that was cut off': told({ text: 'One, two,', end: 'length' }),
  'a thought and a text': told({ thought: 'They greet me, so I greet.', text: 'Hello!', tokens: { ...TOKENS, thought: 3 } }),
  'two calls of tools side by side': told({
    calls: [{ name: 'get_weather', input: '{"city":"Paris","days":[1,2]}' }, { name: 'get_time', input: '{"zone":"CET"}' }], end: 'tool_calls',
  }),
  'a text, then a call': told({ text: 'Let me look.', calls: [{ name: 'get_time', input: '{"zone":"a \\"b\\" \\n\\ndata: [DONE]"}' }], end: 'tool_calls' }),
  'a text that looks like frames': told({ text: 'x\n\ndata: [DONE]\n\nevent: message_stop\ndata: {"type":"message_stop"}\r\n\r\ndata: {"choices":[]}\u2028\u0000' }),
  'tokens of which all were found in a cache, and none made': told({ text: 'ok', tokens: { input: 0, cached: 12, written: 0, output: 0, thought: 0 } }),
  'tokens that were written to a cache': told({ text: 'ok', tokens: { ...TOKENS, written: 5 } }),
  'a text that ends where a stop text begins': told({ text: 'One, two, ', stopText: 'three' }),
  'a refusal of the model\'s own': told({ refusal: 'With that I shall not help.', end: 'refusal' }),
  'a text that a filter cut off': told({ text: 'First you take', end: 'filtered' }),
  'a text with its log probabilities': told({ text: 'Yes, so it is.', logprobs: [-0.125, -1.5] }),
};

/** Pieces of a text as a stream brings it: cut between characters, never in the middle of a pair. */
export function pieces(text: string): string[] {
  const letters = [...text];
  const middle = Math.ceil(letters.length / 2);
  return [letters.slice(0, middle).join(''), letters.slice(middle).join('')].filter((piece) => piece !== '');
}
