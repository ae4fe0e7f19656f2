import { closeSync, existsSync, mkdtempSync, openSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PORT } from './settings.ts';

/** A folder name short enough to reach a data directory's socket by. */
export interface SocketPath {
  /** What `pg` takes as `host`. */
  readonly host: string;
  close(): void;
}

/** `sun_path` holds 108 bytes on Linux and 104 on macOS, the last of them a zero. */
const MAX_SOCKET_BYTES = process.platform === 'linux' ? 107 : 103;

/**
 * The socket lies in the data directory, whose path may be longer than a socket's may be. Then we
 * reach it through an open handle of the folder (Linux: /proc/PID/fd/N, which child processes of
 * the same user can use too while we live), or through a short link of ours (elsewhere).
 */
export function openSocketPath(dataDirectory: string, maxBytes: number = MAX_SOCKET_BYTES): SocketPath {
  if (Buffer.byteLength(join(dataDirectory, `.s.PGSQL.${PORT}`)) <= maxBytes) return { host: dataDirectory, close: () => {} };
  if (existsSync('/proc/self/fd')) {
    const handle = openSync(dataDirectory, 'r');
    return { host: handlePath(handle), close: once(() => closeSync(handle)) };
  }
  const folder = mkdtempSync(join(tmpdir(), 'tandem-'));
  symlinkSync(dataDirectory, join(folder, 'db'));
  return { host: join(folder, 'db'), close: once(() => rmSync(folder, { recursive: true, force: true })) };
}

/** By our number when /proc knows us by it; inside some containers only "self" is right. */
function handlePath(handle: number): string {
  const byNumber = `/proc/${process.pid}/fd/${handle}`;
  try {
    if (readlinkSync(byNumber) === readlinkSync(`/proc/self/fd/${handle}`)) return byNumber;
  } catch {
    // Not our /proc.
  }
  return `/proc/self/fd/${handle}`;
}

function once(close: () => void): () => void {
  let closed = false;
  return () => {
    if (closed) return;
    closed = true;
    close();
  };
}
