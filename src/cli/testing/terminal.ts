import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runWith } from '../run.ts';

/** What one command line printed. */
export interface Printed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** One request that the stub server got. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly key: string | undefined;
  readonly body: unknown;
}

type Answer = { readonly status?: number; readonly json?: unknown; readonly sse?: readonly string[] };

/** A stand-in for the server, by `METHOD /path`; the CLI's own client talks to it over a real socket. */
export async function stubServer(answers: Readonly<Record<string, Answer | ((seen: Seen) => Answer)>>): Promise<{ url: string; seen: Seen[]; server: Server }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const one: Seen = { method: request.method!, path: request.url!, key: request.headers.authorization?.slice(7), body };
      seen.push(one);
      const found = answers[`${one.method} ${one.path}`] ?? answers[`${one.method} ${one.path.split('?')[0]}`];
      const answer = typeof found === 'function' ? found(one) : (found ?? { status: 404, json: { error: { code: 'not_found', message: `No ${one.path}.`, next: 'Look.', requestId: 'r' } } });
      if (answer.sse) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        for (const data of answer.sse) response.write(`data: ${data}\n\n`);
        response.end();
        return;
      }
      response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' });
      response.end(answer.json === undefined ? '' : JSON.stringify(answer.json));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, server };
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text === '' ? undefined : JSON.parse(text);
}

/** Runs one command line with everything outside stood in for. */
export async function run(argv: readonly string[], env: Readonly<Record<string, string>>, options: { tty?: boolean; stdin?: string; columns?: number } = {}): Promise<Printed> {
  let out = '';
  let err = '';
  const code = await runWith(argv, {
    env, signal: new AbortController().signal, nowMs: () => Date.UTC(2026, 10, 23),
    out: { write: (text) => (out += text), isTTY: options.tty ?? true, ...(options.columns !== undefined && { columns: options.columns }) },
    err: { write: (text) => (err += text) },
    stdin: (async function* () {
      yield options.stdin ?? '';
    })(),
  });
  return { code, out, err };
}
