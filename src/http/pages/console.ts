import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { extname, join, posix } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const gzipped = promisify(gzip);
const brotlied = promisify(brotliCompress);

export interface StaticFile {
  readonly path: string;
  readonly type: string;
  readonly etag: string;
  /** The name holds a hash of the content: it may be kept for ever. */
  readonly immutable: boolean;
  body(acceptEncoding: string): Promise<{ readonly encoding: 'br' | 'gzip' | null; readonly bytes: Buffer }>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml',
  '.json': 'application/json; charset=utf-8', '.txt': 'text/plain; charset=utf-8', '.png': 'image/png', '.ico': 'image/x-icon', '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
};
const COMPRESSED = /^(?:text|application)\/|svg/;
/** Vite's form: name-HASH.ext under assets/. */
const HASHED = /^\/assets\/.+-[\w-]{8,}\.\w+$/;

/**
 * The console's built files, listed once at start: a request can only ever name one of these, so there is no
 * path to escape from. Content is read and compressed at the first request and kept.
 */
export function readConsole(folder: string): Map<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  if (!existsSync(join(folder, 'index.html'))) return files;
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const file = join(folder, entry);
    const type = TYPES[extname(entry)];
    if (type === undefined || !statSync(file).isFile()) continue;
    const path = posix.join('/', entry.replaceAll('\\', '/'));
    files.set(path, staticFile(path, file, type));
  }
  return files;
}

function staticFile(path: string, file: string, type: string): StaticFile {
  const plain = readFileSync(file);
  const compress = COMPRESSED.test(type) && plain.length > 512;
  let br: Promise<Buffer> | undefined;
  let gz: Promise<Buffer> | undefined;
  return {
    path, type,
    etag: `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`,
    immutable: HASHED.test(path),
    async body(acceptEncoding) {
      if (compress && /\bbr\b/.test(acceptEncoding)) {
        return { encoding: 'br', bytes: await (br ??= brotlied(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } })) };
      }
      if (compress && /\bgzip\b/.test(acceptEncoding)) return { encoding: 'gzip', bytes: await (gz ??= gzipped(plain, { level: 9 })) };
      return { encoding: null, bytes: plain };
    },
  };
}
