import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Server } from 'node:https';
import { TandemError, type Logger } from '../../base/index.ts';

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

export interface TlsPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** How often the files are looked at: renewals come months apart, links are swapped, so watching by name beats inotify. */
const WATCH_MS = 5_000;

/** @throws TandemError setting_invalid when a file cannot be read or the two do not belong together. */
export function readTls(files: TlsFiles): TlsPair {
  const pair = { cert: read('TANDEM_TLS_CERT', files.cert), key: read('TANDEM_TLS_KEY', files.key) };
  try {
    createSecureContext(pair);
  } catch (cause) {
    throw new TandemError('setting_invalid', { params: { name: 'TANDEM_TLS_KEY', reason: `${files.key} and ${files.cert} are not a key and its certificate` }, cause });
  }
  return pair;
}

/**
 * Serves a renewed certificate without a restart; a broken pair is refused and the old one stays. Returns the end of the watch.
 * The contents are compared, not the files' times: a file that is swapped at any moment is seen, whatever its date says.
 */
export function reloadTls(server: Server, files: TlsFiles, log: Logger, intervalMs = WATCH_MS): () => void {
  let seen = contents(files);
  const look = () => {
    const now = contents(files);
    if (now === seen) return;
    seen = now;
    try {
      server.setSecureContext({ ...readTls(files), minVersion: 'TLSv1.2' });
      log.info({ certificate: files.cert }, 'the TLS certificate was read again');
    } catch (error) {
      log.error({ err: error }, 'the renewed TLS certificate cannot be used; the old one stays');
    }
  };
  const timer = setInterval(look, intervalMs).unref();
  return () => clearInterval(timer);
}

/** Both files as one text; a file that is missing for a moment counts as empty. */
function contents(files: TlsFiles): string {
  return [files.cert, files.key].map((file) => {
    try {
      return readFileSync(file, 'latin1');
    } catch {
      return '';
    }
  }).join('\0');
}

function read(name: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new TandemError('setting_invalid', { params: { name, reason: `${file} cannot be read` }, cause });
  }
}
