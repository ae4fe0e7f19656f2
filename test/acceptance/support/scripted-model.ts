import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A stand-in for a large model behind an OpenAI-compatible server, over real sockets: it does by rule what such a model would do by
 * thought (calls the tools that it is given, keeps to a schema, counts images). It proves nothing about any real server.
 */
export interface ScriptedModel {
  readonly url: string;
  /** Bodies that it was sent, the newest last. */
  readonly bodies: readonly ChatBody[];
  close(): void;
}

export interface ChatBody {
  readonly messages: readonly { readonly role: string; readonly content?: unknown; readonly tool_calls?: readonly unknown[] }[];
  readonly stream?: boolean;
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
  readonly tool_choice?: unknown;
  readonly response_format?: { readonly type: string; readonly json_schema?: { readonly schema?: Schema } };
  readonly logprobs?: boolean;
  readonly reasoning_effort?: string;
}

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
}

interface Answer {
  readonly content: string | null;
  readonly reasoning: string | null;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
}

export async function startScriptedModel(): Promise<ScriptedModel> {
  const bodies: ChatBody[] = [];
  let calls = 0;
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as ChatBody & { readonly input?: unknown };
      if (request.url?.endsWith('/embeddings')) return embed(response, body.input);
      bodies.push(body);
      calls += 1;
      const answer = answerTo(body, calls);
      return body.stream === true ? stream(response, body, answer) : whole(response, body, answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    bodies,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function answerTo(body: ChatBody, call: number): Answer {
  const last = body.messages.at(-1)!;
  const words = textOf(last.content);
  const reasoning = body.reasoning_effort !== undefined && body.reasoning_effort !== 'none' ? 'The user wants an answer.' : null;
  if (last.role === 'tool') return { content: `The tool says: ${words}`, reasoning, calls: [] };
  const schema = body.response_format?.type === 'json_schema' ? body.response_format.json_schema?.schema : undefined;
  if (schema) return { content: JSON.stringify(example(schema)), reasoning, calls: [] };
  if (body.tools && body.tools.length > 0 && body.tool_choice !== 'none') {
    const count = words.includes('both') ? 2 : 1;
    const cities = ['Paris', 'Rome'];
    return { content: null, reasoning, calls: Array.from({ length: count }, (_, at) => ({ id: `call_${call}_${at}`, name: body.tools![0]!.function.name, arguments: JSON.stringify({ city: cities[at] }) })) };
  }
  const images = body.messages.flatMap(({ content }) => (Array.isArray(content) ? (content as { type: string }[]) : [])).filter(({ type }) => type === 'image_url').length;
  return { content: images > 0 ? `I see ${images} image${images === 1 ? '' : 's'}.` : `You said: ${words}`, reasoning, calls: [] };
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return Array.isArray(content) ? (content as { text?: string }[]).map(({ text = '' }) => text).join('') : '';
}

/** The smallest value that a schema allows. */
function example(schema: Schema): unknown {
  if (schema.enum) return schema.enum[0];
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, inner]) => [name, example(inner)]));
    case 'array':
      return [example(schema.items ?? {})];
    case 'integer':
    case 'number':
      return 42;
    case 'boolean':
      return true;
    default:
      return 'scripted';
  }
}

/** Ten tokens in, of which four from a cache; a token out for each word, two for a thought. */
function usage(answer: Answer) {
  const out = Math.max(1, (answer.content ?? '').split(' ').length) + answer.calls.length * 5;
  const reasoning = answer.reasoning === null ? 0 : 2;
  return { prompt_tokens: 10, completion_tokens: out + reasoning, total_tokens: 10 + out + reasoning, prompt_tokens_details: { cached_tokens: 4 }, completion_tokens_details: { reasoning_tokens: reasoning } };
}

const base = (object: string) => ({ id: 'chatcmpl-scripted', object, created: 1, model: 'scripted' });
const logprobsOf = (body: ChatBody, token: string) => (body.logprobs === true ? { logprobs: { content: [{ token, logprob: -0.1, bytes: [...Buffer.from(token)], top_logprobs: [] }], refusal: null } } : {});

function whole(response: ServerResponse, body: ChatBody, answer: Answer): void {
  const message = {
    role: 'assistant', content: answer.content, ...(answer.reasoning !== null && { reasoning_content: answer.reasoning }),
    ...(answer.calls.length > 0 && { tool_calls: answer.calls.map(({ id, name, arguments: text }) => ({ id, type: 'function', function: { name, arguments: text } })) }),
  };
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ ...base('chat.completion'), choices: [{ index: 0, message, ...logprobsOf(body, answer.content ?? ''), finish_reason: answer.calls.length > 0 ? 'tool_calls' : 'stop' }], usage: usage(answer) }));
}

function stream(response: ServerResponse, body: ChatBody, answer: Answer): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (delta: object, finish: string | null = null, more: object = {}) =>
    response.write(`data: ${JSON.stringify({ ...base('chat.completion.chunk'), choices: [{ index: 0, delta, ...more, finish_reason: finish }] })}\n\n`);
  send({ role: 'assistant', content: '' });
  if (answer.reasoning !== null) for (const word of answer.reasoning.split(/(?<= )/)) send({ reasoning_content: word });
  if (answer.content !== null) for (const word of answer.content.split(/(?<= )/)) send({ content: word }, null, logprobsOf(body, word));
  answer.calls.forEach(({ id, name, arguments: text }, index) => {
    send({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] });
    for (const piece of text.match(/.{1,4}/g) ?? []) send({ tool_calls: [{ index, function: { arguments: piece } }] });
  });
  send({}, answer.calls.length > 0 ? 'tool_calls' : 'stop');
  response.write(`data: ${JSON.stringify({ ...base('chat.completion.chunk'), choices: [], usage: usage(answer) })}\n\n`);
  response.end('data: [DONE]\n\n');
}

function embed(response: ServerResponse, input: unknown): void {
  const texts = Array.isArray(input) ? input : [input];
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({
    object: 'list', model: 'scripted-embed', usage: { prompt_tokens: texts.length * 3, total_tokens: texts.length * 3 },
    data: texts.map((text, index) => ({ object: 'embedding', index, embedding: [String(text).length, index, 0.5] })),
  }));
}
