/**
 * The limit to measure against: a Node proxy that does nothing but what every gateway must. It parses the
 * request, sends it on through undici's dispatch, parses the reply (or every frame of a stream), and sends that on.
 * Arguments: its port, the upstream's origin.
 */
import { createServer, type ServerResponse } from 'node:http';
import { Pool, type Dispatcher } from 'undici';

const [port, upstream] = process.argv.slice(2) as [string, string];
const pool = new Pool(upstream, { connections: 128, pipelining: 1 });

class Forward implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse;
  readonly #stream: boolean;
  #chunks: Buffer[] = [];
  #rest = '';

  constructor(response: ServerResponse, stream: boolean) {
    this.#response = response;
    this.#stream = stream;
  }

  onRequestStart(): void {}

  onResponseStart(_: Dispatcher.DispatchController, status: number): void {
    if (this.#stream) this.#response.writeHead(status, { 'content-type': 'text/event-stream' });
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#stream) {
      this.#chunks.push(chunk);
      return;
    }
    const frames = (this.#rest + chunk.toString()).split('\n\n');
    this.#rest = frames.pop()!;
    for (const frame of frames) {
      if (frame !== 'data: [DONE]') JSON.parse(frame.slice(6));
      this.#response.write(`${frame}\n\n`);
    }
  }

  onResponseEnd(): void {
    if (this.#stream) {
      this.#response.end();
      return;
    }
    const body = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    JSON.parse(body.toString());
    this.#response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    this.#response.end(body);
  }

  onResponseError(): void {
    this.#response.destroy();
  }
}

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    if (body.length === 0) {
      response.end();
      return;
    }
    const { stream } = JSON.parse(body.toString()) as { stream?: boolean };
    pool.dispatch({ path: '/v1/chat/completions', method: 'POST', headers: { 'content-type': 'application/json' }, body }, new Forward(response, stream === true));
  });
}).listen(Number(port), '127.0.0.1', () => console.log('listening'));
