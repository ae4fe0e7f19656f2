import { randomInt, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { LlamaContextSequence, Token } from 'node-llama-cpp';
import type { EngineEvent, GenerationCounts } from '../local-engine.ts';
import { runGeneration, type GenerationTools } from '../generation.ts';
import { engineLimits } from '../limits.ts';
import { loadModel } from '../loaded-model.ts';
import { WorkerRefusal } from '../protocol.ts';
import { Slots } from '../slots.ts';
import { BadAsk, readAsk, type ChatAsk } from './chat-form.ts';
import { endFrames, errorBody, textFrame, wholeReply, type FrameFacts } from './frames.ts';
import { Places } from './places.ts';

/**
 * The local engine as a program of its own: it runs in a lease on a node, listens in the lease's own network alone, and speaks chat
 * completions. It is sent to nodes with what it imports, so it imports nothing but this folder's engine and Node.
 *
 * Environment: MODEL_PATH, MODEL_NAME, PORT, and where they differ SEQUENCES, CONTEXT_TOKENS, SYSTEM_MESSAGE.
 */
const MOST_BODY_BYTES = 8 * 1024 * 1024;
const DEADLINE_MS = 1_800_000;

const env = (name: string): string => {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
};
const whole = (name: string): number | undefined => (process.env[name] === undefined ? undefined : Number(process.env[name]));
const model = env('MODEL_NAME');
const [sequences, contextTokens] = [whole('SEQUENCES'), whole('CONTEXT_TOKENS')];
const limits = engineLimits({ ...(sequences !== undefined && { sequences }), ...(contextTokens !== undefined && { contextTokens }) });
const places = new Places(limits.sequences);
const clock = { nowMs: () => performance.timeOrigin + performance.now(), monotonicMs: () => performance.now(), sleep: () => Promise.reject(new Error('nothing waits here')) };
let tools: GenerationTools | undefined = undefined;

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    if (response.headersSent) return void response.destroy();
    const [status, body] = failureOf(error);
    send(response, status, body);
  });
});
server.listen(Number(env('PORT')), '127.0.0.1');
const loaded = await loadModel(env('MODEL_PATH'), limits, process.env['SYSTEM_MESSAGE']);
tools = { model: loaded, slots: new Slots<Token, LlamaContextSequence>(loaded.sequences), clock, promptChunkTokens: limits.promptChunkTokens, randomSeed: () => randomInt(2 ** 31), onProgress: () => {} };
process.stdout.write(`${model} is loaded: ${loaded.sequences.length} answers at a time, ${loaded.contextTokens} tokens each\n`);

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  switch (`${request.method} ${request.url}`) {
    case 'GET /health': return send(response, tools === undefined ? 503 : 200, JSON.stringify({ status: tools === undefined ? 'loading' : 'ok' }));
    case 'GET /metrics':
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(places.metrics());
      return;
    case 'GET /v1/models': return send(response, 200, JSON.stringify({ object: 'list', data: [{ id: model, object: 'model', owned_by: 'tandem' }] }));
    case 'POST /v1/chat/completions': return chat(request, response);
    default: return send(response, 404, errorBody('There is no such path.', 'invalid_request_error', 'not_found'));
  }
}

async function chat(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const ask = readAsk(JSON.parse(await bodyOf(request)) as Record<string, unknown>);
  if (tools === undefined) return send(response, 503, errorBody('The model is being loaded.', 'server_error', 'loading'));
  const beganMs = clock.monotonicMs();
  await places.take();
  try {
    // Who asked may have left while it waited.
    if (!response.destroyed) await generate(ask, response, tools, beganMs);
  } finally {
    places.give();
  }
}

async function generate(ask: ChatAsk, response: ServerResponse, running: GenerationTools, beganMs: number): Promise<void> {
  const { stream, includeUsage, ...rest } = ask;
  const id = randomUUID();
  const facts: FrameFacts = { id: `chatcmpl-${id}`, model, created: Math.floor(clock.nowMs() / 1_000) };
  let text = '';
  let pieces = 0;
  const end = (counts: GenerationCounts, finish: 'stop' | 'length'): void => {
    if (stream) response.end(endFrames(facts, finish, counts, includeUsage));
    else send(response, 200, wholeReply(facts, text, finish, counts));
  };
  await runGeneration({
    ...rest, id, deadlineMs: DEADLINE_MS,
    // Memory of a prompt is shared by nobody: this engine is not told who asks.
    fairnessKey: id,
  }, Math.round(clock.monotonicMs() - beganMs), () => response.destroyed, running, (event: EngineEvent) => {
    if (event.type === 'token') {
      if (pieces === 0) places.firstToken(clock.monotonicMs() - beganMs);
      pieces += 1;
      if (!stream) text += event.text;
      else {
        if (pieces === 1) response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(textFrame(facts, event.text, pieces === 1));
      }
    } else if (event.type === 'done') {
      if (stream && pieces === 0) response.writeHead(200, { 'content-type': 'text/event-stream' });
      end(event, event.finishReason === 'stop' ? 'stop' : 'length');
    }
  });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BODY_BYTES) throw new BadAsk('The body is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function failureOf(error: unknown): [number, string] {
  if (error instanceof BadAsk || error instanceof SyntaxError) return [400, errorBody(error.message, 'invalid_request_error', 'invalid_request')];
  if (error instanceof WorkerRefusal && error.failure.code === 'context_length_exceeded') {
    const { params } = error.failure.options;
    return [400, errorBody(`The prompt has ${String(params?.['tokens'])} tokens, and the model reads ${String(params?.['limit'])} at most.`, 'invalid_request_error', 'context_length_exceeded')];
  }
  return [500, errorBody('The engine failed.', 'server_error', 'failed')];
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(body);
}
