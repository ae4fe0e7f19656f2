import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One answer of a stand-in. */
export interface StandInReply {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface StandInRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What goes wrong at the next request that fits; each is used up once. */
export interface Trouble {
  readonly on: 'order' | 'any' | 'release' | 'list';
  readonly what: 'reply' | 'lost-answer' | 'truncated' | 'reset';
  readonly reply?: StandInReply;
}

/**
 * A provider's API in this process, over a real socket. It is a stand-in: what it answers is built from the provider's published
 * documents, and no call of a test has ever reached the provider.
 */
export class StandIn {
  readonly requests: StandInRequest[] = [];
  readonly troubles: Trouble[] = [];
  readonly #server;
  #url = '';

  constructor(handle: (request: StandInRequest) => StandInReply, kindOf: (request: StandInRequest) => Trouble['on']) {
    this.#server = createServer((incoming, response) => {
      void readBody(incoming).then((body) => {
        const request: StandInRequest = { method: incoming.method ?? 'GET', url: new URL(incoming.url ?? '/', 'http://stand-in'), headers: incoming.headers, body };
        this.requests.push(request);
        const at = this.troubles.findIndex(({ on }) => on === 'any' || on === kindOf(request));
        const [trouble] = at === -1 ? [] : this.troubles.splice(at, 1);
        if (trouble === undefined) return answer(response, handle(request));
        if (trouble.what === 'reply') return answer(response, trouble.reply!);
        // Done there, but the caller never hears of it, or only half.
        if (trouble.what === 'reset') return void incoming.socket.destroy();
        const done = handle(request);
        if (trouble.what === 'lost-answer') return void incoming.socket.destroy();
        answer(response, { ...done, body: done.body.slice(0, Math.floor(done.body.length / 2)) });
      });
    });
  }

  get url(): string {
    return this.#url;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.#url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

function answer(response: ServerResponse, { status, body, headers = {} }: StandInReply): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body);
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  let body = '';
  for await (const part of incoming) body += String(part);
  return body;
}
