import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { TandemError } from '../../base/index.ts';
import { baseUrlMistake } from '../v1/elsewhere.ts';
import { methodsAt } from '../api/methods.ts';
import { routes } from '../contract/index.ts';
import { readConsole, type StaticFile } from './console.ts';
import { PAGE_HEADERS } from './headers.ts';

/**
 * Serves the console for everything that no other route takes: its files by their exact path, and its first
 * page for every path that looks like one of its own (no dot in the last part, asked for as HTML). What is left
 * has the wrong method, or does not exist.
 */
export function registerPages(app: FastifyInstance, consoleFolder: string): void {
  const files = readConsole(consoleFolder);
  const methods = methodsAt(Object.values(routes));
  app.setNotFoundHandler(async (request, reply) => {
    const path = pathOf(request);
    const reads = request.method === 'GET' || request.method === 'HEAD';
    const file = reads ? (files.get(path === '/' ? '/index.html' : path) ?? pageFor(path, request, files)) : undefined;
    if (file) return send(file, request, reply);
    if (reads && path === '/') throw new TandemError('no_console');
    const allowed = methods(path);
    if (allowed.length > 0) throw new TandemError('method_not_allowed', { params: { method: request.method, path }, facts: { allowed } });
    throw baseUrlMistake(path) ?? new TandemError('not_found', { params: { path } });
  });
}

function pageFor(path: string, request: FastifyRequest, files: Map<string, StaticFile>): StaticFile | undefined {
  const isRoute = !path.slice(path.lastIndexOf('/') + 1).includes('.') && !path.startsWith('/api/') && path !== '/api';
  const wantsPage = (request.headers.accept ?? '').includes('text/html');
  return isRoute && wantsPage ? files.get('/index.html') : undefined;
}

async function send(file: StaticFile, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  reply.headers(PAGE_HEADERS);
  reply.header('cache-control', file.immutable ? 'public, max-age=31536000, immutable' : 'no-store');
  if (file.immutable) reply.header('etag', file.etag);
  if (file.immutable && request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  const accept = request.headers['accept-encoding'];
  const { encoding, bytes } = await file.body(typeof accept === 'string' ? accept : '');
  reply.header('content-type', file.type).header('vary', 'accept-encoding');
  if (encoding) reply.header('content-encoding', encoding);
  return reply.code(200).send(bytes);
}

function pathOf(request: FastifyRequest): string {
  const query = request.url.indexOf('?');
  return query === -1 ? request.url : request.url.slice(0, query);
}
