import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { TandemError } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import { readMultipart } from '../body/multipart.ts';
import type { FileShown, FilesDoor } from '../faces.ts';
import { anthropicFile, anthropicFiles, anthropicPage, fieldsOfAnthropic } from './anthropic-files.ts';
import { speaksAnthropic } from './models.ts';
import { choice, queryOf, wholeIn } from './query.ts';
import { idIn, sendJson } from './send.ts';

const FILES = '/v1/files';

export interface FilesOptions {
  readonly files: FilesDoor;
  readonly maxBodyBytes: number;
  readonly maxFileBytes: number;
}

/** `/v1/files` and all under it, in OpenAI's form or, for Anthropic's SDKs, in theirs: the files are the same. */
export async function serveFiles(request: IncomingMessage, response: ServerResponse, path: string, requestId: string, principal: Principal, { files, ...limits }: FilesOptions): Promise<void> {
  demand(principal, 'models.call');
  const { id, rest } = idIn(path, FILES);
  const method = request.method ?? '';
  const theirs = speaksAnthropic(request);
  const shown = (file: FileShown) => (theirs ? anthropicFile(file) : file);
  if (id === null && method === 'POST') return sendJson(response, requestId, shown(await upload(request, response, principal, files, limits, theirs)));
  if (id === null && method === 'GET') {
    const query = queryOf(request);
    if (theirs) return sendJson(response, requestId, anthropicFiles(await files.list(principal, anthropicPage(query))));
    return sendJson(response, requestId, await files.list(principal, {
      after: query.get('after') ?? undefined, limit: wholeIn(query, 'limit', 1, 10_000, 10_000), order: choice(query, 'order', ['desc', 'asc']), purpose: query.get('purpose') ?? undefined,
    }));
  }
  if (id !== null && rest === '' && method === 'GET') return sendJson(response, requestId, shown(await files.show(principal, id)));
  if (id !== null && rest === '' && method === 'DELETE') {
    const removed = await files.remove(principal, id);
    return sendJson(response, requestId, theirs ? { type: 'file_deleted', id } : removed);
  }
  if (id !== null && rest === 'content' && method === 'GET') return sendContent(response, requestId, await files.open(principal, id));
  if (rest !== '' && rest !== 'content') throw new TandemError('not_found', { params: { path } });
  throw new TandemError('method_not_allowed', { params: { method, path }, facts: { allowed: id === null ? ['GET', 'POST'] : rest === '' ? ['GET', 'DELETE'] : ['GET'] } });
}

async function upload(request: IncomingMessage, response: ServerResponse, principal: Principal, files: FilesDoor, limits: { maxBodyBytes: number; maxFileBytes: number }, theirs: boolean): Promise<FileShown> {
  const incoming = await files.begin(principal);
  // The server invites only what fits the limit of other bodies; a file may be larger.
  if (request.headers.expect !== undefined && Number(request.headers['content-length']) > limits.maxBodyBytes) response.writeContinue();
  let filename = '';
  try {
    const fields = await readMultipart(request, {
      limitBytes: limits.maxFileBytes, limitName: 'TANDEM_MAX_FILE_BYTES',
      take: async (file: Readable, name) => {
        filename = name;
        for await (const chunk of file) await incoming.write(chunk as Buffer);
      },
    });
    return await incoming.finish(filename, theirs ? fieldsOfAnthropic(fields) : fields);
  } catch (error) {
    await incoming.abort();
    throw error;
  }
}

/** Piece by piece, at the client's pace. What fails in the middle cuts the connection: a clean end would claim to be whole. */
async function sendContent(response: ServerResponse, requestId: string, { file, pieces }: Awaited<ReturnType<FilesDoor['open']>>): Promise<void> {
  response.writeHead(200, {
    'content-type': 'application/octet-stream', 'content-length': file.bytes, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'x-request-id': requestId,
    'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.filename.replace(/[^\w. -]/g, '_')) || 'file'}`,
  });
  try {
    let sent = 0;
    for await (const piece of pieces) {
      if (response.destroyed) return;
      sent += piece.length;
      if (!response.write(piece)) await drained(response);
    }
    if (sent === file.bytes) response.end();
    else response.destroy();
  } catch (error) {
    response.destroy();
    throw error;
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
