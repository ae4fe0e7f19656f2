import { request as httpRequest, type IncomingMessage } from 'node:http';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit.ts';
import type { Credentials } from './credentials.ts';
import type { paths } from './schema.ts';

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';
type Operation<P extends keyof paths, M extends Method> = Lowercase<M> extends keyof paths[P] ? paths[P][Lowercase<M>] : never;
type Parameter<O, K extends 'path' | 'query'> = O extends { parameters: infer P } ? (K extends keyof P ? Exclude<P[K], undefined> : never) : never;
type Body<O> = O extends { requestBody: { content: { 'application/json': infer B } } } ? B : never;
type Success<O> = O extends { responses: infer R }
  ? { [S in keyof R]: S extends 'default' ? never : R[S] extends { content: { 'application/json': infer B } } ? B : undefined }[keyof R]
  : never;

/** What an operation takes: only the parts that it has. */
type Args<O> = ([Parameter<O, 'path'>] extends [never] ? { path?: never } : { path: Parameter<O, 'path'> })
  & ([Parameter<O, 'query'>] extends [never] ? { query?: never } : { query?: Parameter<O, 'query'> })
  & ([Body<O>] extends [never] ? { body?: never } : { body: Body<O> });

/** The reply of an operation, by path and method. */
export type Reply<P extends keyof paths, M extends Method> = Success<Operation<P, M>>;

interface Untyped {
  readonly path?: object | undefined;
  readonly query?: object | undefined;
  readonly body?: unknown;
}

export interface Client {
  readonly url: string;
  readonly key: string;
  /** One call of the control API, checked against the generated contract. @throws CliError with the server's own message and next step. */
  call<P extends keyof paths & string, M extends Method>(method: M, path: P, args: Args<Operation<P, M>>): Promise<Reply<P, M>>;
  /** A route by name and without types, for `tandem api`. */
  raw(method: string, path: string, body?: unknown): Promise<unknown>;
  /** A streamed reply, as it comes. */
  open(method: string, path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<IncomingMessage>;
}

/** @throws CliError for an address or a key that cannot be sent at all. */
export function createClient({ url, key }: Credentials, signal: AbortSignal): Client {
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
    throw new CliError('address_invalid', `${url} is not the address of a server.`, 'Write it like http://127.0.0.1:4600: tandem login --url URL --key-file FILE, or TANDEM_URL', EXIT.usage);
  }
  if (!/^[\x21-\x7e]+$/.test(key)) throw new CliError('invalid_api_key', 'The key holds characters that no key has.', USE_ANOTHER_KEY, EXIT.login);
  const open: Client['open'] = (method, path, body, headers) => send(`${url}${path}`, method, key, body, headers ?? {}, signal);
  const raw: Client['raw'] = async (method, path, body) => {
    const response = await open(method, path, body);
    const text = await readAll(response);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return text === '' ? undefined : parseReply(text);
    throw errorOf(status, text);
  };
  return {
    url, key, open, raw,
    call: (async (method: string, template: string, args: Untyped) => raw(method, fillPath(template, args), args.body)) as unknown as Client['call'],
  };
}

function fillPath(template: string, { path, query }: Untyped): string {
  const values = (path ?? {}) as Record<string, string>;
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]));
  return search.size > 0 ? `${filled}?${search}` : filled;
}

// node:http and not fetch: loading fetch alone takes 25 ms of the 100 that a command has.
async function send(url: string, method: string, key: string, body: unknown, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<IncomingMessage> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const target = new URL(url);
  const requestBy = target.protocol === 'https:' ? (await import('node:https')).request : httpRequest;
  return new Promise((resolve, reject) => {
    const request = requestBy(target, {
      method, signal,
      headers: {
        authorization: `Bearer ${key}`, accept: 'application/json', 'user-agent': 'tandem-cli', ...headers,
        ...(payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
      },
    }, resolve);
    request.on('error', (error: NodeJS.ErrnoException) => reject(signal.aborted ? signal.reason : unreachable(target.origin, error)));
    request.end(payload);
  });
}

export async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function parseReply(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CliError('not_tandem', 'The answer is not JSON: this may not be a Tandem server.', 'Check the address: tandem login --url URL --key-file FILE', EXIT.login);
  }
}

/** What the server says about a refused key is for programs that send headers. */
const USE_ANOTHER_KEY = 'Use a valid key: tandem login --url URL --key-file FILE';

/** The server's error as the CLI's; on `/v1` it has OpenAI's form, on `/api` ours. */
export function errorOf(status: number, text: string): CliError {
  const exitCode = status === 401 ? EXIT.login : EXIT.error;
  let body: { error?: { code?: string | null; message?: string; next?: string; facts?: unknown } };
  try {
    body = JSON.parse(text) as typeof body;
  } catch {
    body = {};
  }
  const { code, message, next, facts } = body.error ?? {};
  return new CliError(code ?? `http_${status}`, message ?? `The server answered ${status}.`, status === 401 ? USE_ANOTHER_KEY : (next ?? 'Look at the server: tandem doctor'), exitCode, facts, status);
}

function unreachable(origin: string, error: NodeJS.ErrnoException): CliError {
  const code = error.code ?? error.message;
  return new CliError('server_unreachable', `No Tandem server answers at ${origin} (${code}).`, wayOut(origin, code));
}

/** What most likely helps: a server that answers in another way than was asked is not one to start. */
function wayOut(origin: string, code: string): string {
  if (code === 'EPROTO') return `It answers without TLS. Try ${origin.replace(/^https:/, 'http:')}: tandem login --url URL --key-file FILE`;
  if (code === 'ECONNRESET' && origin.startsWith('http:')) return `It may speak TLS. Try ${origin.replace(/^http:/, 'https:')}: tandem login --url URL --key-file FILE`;
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code)) return 'Name the file of the authority that signed its certificate: NODE_EXTRA_CA_CERTS=FILE';
  return 'Start it with npm start, or point to another: tandem login --url URL --key-file FILE';
}
