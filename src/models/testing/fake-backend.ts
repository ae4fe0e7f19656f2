import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
  /** Resolves when the caller has cut the connection before the reply's end. */
  readonly cut: Promise<void>;
}

type Answer = (response: ServerResponse, request: SeenRequest) => void | Promise<void>;

/** A FAKE model server on a real socket: it answers by what the test scripts, byte for byte. */
export class FakeBackend {
  readonly requests: SeenRequest[] = [];
  readonly sockets = new Set<Socket>();
  answer: Answer = (response) => { response.writeHead(500).end(); };
  #server: Server | undefined;

  async start(): Promise<string> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const seen: SeenRequest = {
          path: request.url ?? '', headers: request.headers, body: text === '' ? {} : JSON.parse(text) as Record<string, unknown>,
          cut: new Promise((resolve) => { response.on('close', () => { if (!response.writableFinished) resolve(); }); }),
        };
        this.requests.push(seen);
        void this.answer(response, seen);
      });
    });
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    const closed = new Promise((resolve) => { server.close(resolve); });
    // After `close`, so that none comes in behind it: a connection that asks for nothing would be waited for.
    server.closeAllConnections();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  json(status: number, body: unknown, headers: Record<string, string> = {}): void {
    this.answer = (response) => { response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(typeof body === 'string' ? body : JSON.stringify(body)); };
  }

  /** Streams these bytes, one write each, then ends unless `cut`. */
  stream(chunks: readonly (string | Buffer)[], how: { cut?: boolean; open?: boolean } = {}): void {
    this.answer = async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const chunk of chunks) {
        await new Promise<void>((resolve) => { response.write(chunk, () => resolve()); });
        await new Promise((resolve) => { setImmediate(resolve); });
      }
      if (how.cut) response.socket?.destroy();
      else if (!how.open) response.end();
    };
  }
}
