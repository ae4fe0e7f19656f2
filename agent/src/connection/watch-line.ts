import type { Outside } from '../outside.ts';
import type { Session } from '../wire/index.ts';

/** What can take a connection's place. */
interface Line {
  destroy(): void;
}

export interface WatchOptions<T extends Line> {
  /** Another connection to the same server. Rejects when there is none to be had now. */
  readonly dial: () => Promise<T>;
  readonly outside: Pick<Outside, 'bootMs' | 'wait' | 'random'>;
  /** Whether a word of the server may not wait. */
  readonly urgent: () => boolean;
  /** Aborts when the session is over. */
  readonly signal: AbortSignal;
}

const LOOK_MS = 1_000;
/** An agent that has leases asks the server each second. */
const URGENT_QUIET_MS = 3_000;
/** The server pings each of its connections every five seconds. */
const QUIET_MS = 12_000;
const SILENT_MS = 25_000;
/** So long the old connection may still show that it was only slow. */
const LAST_MS = 250;

/**
 * Watches a connection that may have died without a word. After an outage TCP sends again only when as much time has gone by as the outage
 * took: until then a lease whose end the server has confirmed runs on. So when nothing is heard, another connection is tried beside it, and the
 * first that gets through is kept. A server that was only busy has answered over the old one by then.
 * @returns the connection that takes its place; undefined once the session is over.
 */
export async function watchLine<T extends Line>(session: Pick<Session, 'framesIn' | 'close' | 'ping'>, { dial, outside, urgent, signal }: WatchOptions<T>): Promise<T | undefined> {
  let seen = session.framesIn;
  let sinceMs = outside.bootMs();
  let asked = false;
  while (!signal.aborted) {
    await outside.wait(LOOK_MS, signal);
    if (signal.aborted) break;
    if (session.framesIn !== seen) {
      seen = session.framesIn;
      sinceMs = outside.bootMs();
    }
    const pressing = urgent();
    if (pressing && !asked) {
      asked = true;
      void session.ping().then(() => { asked = false; });
    }
    const quietMs = outside.bootMs() - sinceMs;
    if (quietMs > SILENT_MS) session.close('silent', 'nothing was heard of the server');
    else if (quietMs > (pressing ? URGENT_QUIET_MS : QUIET_MS)) {
      const other = await dial().catch(() => undefined);
      if (other === undefined) continue;
      await outside.wait(LAST_MS, signal);
      if (!signal.aborted && session.framesIn === seen) return other;
      other.destroy();
    }
  }
  return undefined;
}
