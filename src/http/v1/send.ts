import type { ServerResponse } from 'node:http';

/** A whole JSON reply of the model API. */
export function sendJson(response: ServerResponse, requestId: string, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length, 'cache-control': 'no-store', 'x-request-id': requestId }).end(body);
}

/** The id and what follows it in a path under `base`: `/v1/files/file-1/content` is `file-1` and `content`. Ids need no decoding: one that does is none. */
export function idIn(path: string, base: string): { readonly id: string | null; readonly rest: string } {
  const tail = path.slice(base.length + 1);
  if (tail === '') return { id: null, rest: '' };
  const slash = tail.indexOf('/');
  return slash === -1 ? { id: tail, rest: '' } : { id: tail.slice(0, slash), rest: tail.slice(slash + 1) };
}
