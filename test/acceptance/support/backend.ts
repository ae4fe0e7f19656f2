import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A stand-in for an OpenAI-compatible backend, in this process, over real sockets. Labelled a stand-in: it proves nothing about vLLM. */
export interface StandInBackend {
  readonly url: string;
  /** Calls that it was sent. */
  readonly calls: number;
  /** Calls whose connection was closed before it had answered to the end. */
  readonly aborted: number;
  close(): void;
}

export interface StandInOptions {
  /** Frames of a streamed answer. */
  readonly frames?: number;
  /** Called between frames; the next is sent when it resolves. Default: at once. */
  readonly pace?: (frame: number) => Promise<void>;
}

const USAGE_IN = 20;

export async function startStandInBackend({ frames = 8, pace = () => Promise.resolve() }: StandInOptions = {}): Promise<StandInBackend> {
  let calls = 0;
  let aborted = 0;
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      calls += 1;
      const { stream } = JSON.parse(Buffer.concat(chunks).toString() || '{}') as { stream?: boolean };
      response.on('close', () => {
        if (!response.writableFinished) aborted += 1;
      });
      void (stream ? answerStream(response, frames, pace) : answerWhole(response, frames));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    get calls() {
      return calls;
    },
    get aborted() {
      return aborted;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const usage = (output: number) => ({ prompt_tokens: USAGE_IN, completion_tokens: output, total_tokens: USAGE_IN + output });

async function answerWhole(response: ServerResponse, frames: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({
    id: 'chatcmpl-standin', object: 'chat.completion', created: 1, model: 'mock', usage: usage(frames),
    choices: [{ index: 0, message: { role: 'assistant', content: 'word '.repeat(frames).trim() }, finish_reason: 'stop' }],
  }));
}

async function answerStream(response: ServerResponse, frames: number, pace: (frame: number) => Promise<void>): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const base = { id: 'chatcmpl-standin', object: 'chat.completion.chunk', created: 1, model: 'mock' };
  for (let at = 0; at < frames; at += 1) {
    if (response.destroyed) return;
    response.write(`data: ${JSON.stringify({ ...base, choices: [{ index: 0, delta: at === 0 ? { role: 'assistant', content: 'word' } : { content: ' word' }, finish_reason: at === frames - 1 ? 'stop' : null }] })}\n\n`);
    await pace(at);
  }
  response.write(`data: ${JSON.stringify({ ...base, choices: [], usage: usage(frames) })}\n\n`);
  response.end('data: [DONE]\n\n');
}
