import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Logger } from '../../base/index.ts';
import type { AgentAddress } from '../../fleet/index.ts';
import { installScript } from './install-script.ts';
import type { NodeBinaries } from './node-binaries.ts';
import type { AgentRelease } from './release.ts';

export interface FrontDeskOptions {
  readonly address: () => AgentAddress;
  readonly release: () => AgentRelease;
  readonly binaries: NodeBinaries;
  readonly log: Logger;
}

/** What a machine without an agent may fetch: the script, the agent's source, Node. Nothing of it is secret. */
export function frontDesk(options: FrontDeskOptions): RequestListener {
  return (request, response) => {
    answer(request, response, options).catch((error: unknown) => {
      options.log.warn({ path: request.url?.slice(0, 100), reason: error instanceof Error ? error.message : 'unknown' }, 'a machine could not be served');
      if (response.headersSent) response.destroy();
      else plain(response, 503, 'not available now\n');
    });
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, { address, release, binaries }: FrontDeskOptions): Promise<void> {
  const path = request.url ?? '/';
  if (request.method !== 'GET') return plain(response, 405, 'GET only\n');
  if (path === '/install.sh') return plain(response, 200, installScript(address(), release()), 'text/x-shellscript');
  if (path === `/agent/${release().hash}`) return void response.writeHead(200, { 'content-type': 'application/gzip', 'content-length': release().archive.length }).end(release().archive);
  if (path === `/agent/${release().hash}/files`) {
    return plain(response, 200, JSON.stringify(Object.fromEntries(Object.entries(release().files).map(([name, content]) => [name, content.toString('base64')]))), 'application/json');
  }
  const [, platform, hash] = /^\/node\/([a-z0-9-]{1,32})(\/hash)?$/.exec(path) ?? [];
  const finding = platform === undefined ? undefined : binaries.of(platform);
  if (finding === undefined) return plain(response, 404, 'there is nothing here\n');
  const binary = await finding;
  if (hash !== undefined) return plain(response, 200, `${binary.hash}\n`);
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': (await stat(binary.path)).size });
  await pipeline(createReadStream(binary.path, { highWaterMark: 256 * 1024 }), response);
}

function plain(response: ServerResponse, status: number, text: string, type = 'text/plain'): void {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'content-length': Buffer.byteLength(text) }).end(text);
}
