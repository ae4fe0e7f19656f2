/** What is sent and what comes back: a 721-byte request and a 398-byte reply, as in the field's measurements. */

const filler = (bytes: number) => 'The quick brown fox jumps over the lazy dog. '.repeat(Math.ceil(bytes / 45)).slice(0, bytes);

export const MODEL = 'bench';
export const FRAMES = 64;

function request(stream: boolean): string {
  const body = (text: string) => JSON.stringify({ model: MODEL, messages: [{ role: 'system', content: 'You are a helpful assistant.' }, { role: 'user', content: text }], max_tokens: 128, temperature: 0.7, ...(stream ? { stream: true } : {}) });
  return body(filler(721 - body('').length));
}

export const REQUEST = request(false);
export const STREAM_REQUEST = request(true);

const reply = (content: string) => JSON.stringify({
  id: 'chatcmpl-9a1b2c3d4e5f', object: 'chat.completion', created: 1_790_000_000, model: 'mock', choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 141, completion_tokens: 22, total_tokens: 163 },
});

export const REPLY = reply(filler(398 - reply('').length));

const chunk = { id: 'chatcmpl-9a1b2c3d4e5f', object: 'chat.completion.chunk', created: 1_790_000_000, model: 'mock' };

export function frame(at: number): string {
  const delta = at === 0 ? { role: 'assistant', content: 'Once' } : { content: ` word${at}` };
  return `data: ${JSON.stringify({ ...chunk, choices: [{ index: 0, delta, finish_reason: at === FRAMES - 1 ? 'stop' : null }] })}\n\n`;
}

export const STREAM_USAGE = { ...chunk, choices: [], usage: { prompt_tokens: 141, completion_tokens: FRAMES, total_tokens: 141 + FRAMES } };
