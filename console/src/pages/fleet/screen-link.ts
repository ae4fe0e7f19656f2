import type { ApiError } from '../../api/client.ts';

/** What is used of noVNC's client. */
export interface Rfb extends EventTarget {
  viewOnly: boolean;
  scaleViewport: boolean;
  resizeSession: boolean;
  clipViewport: boolean;
  dragViewport: boolean;
  disconnect(): void;
  focus(): void;
  sendKey(keysym: number, code: string | null, down?: boolean): void;
  clipboardPasteFrom(text: string): void;
}

export type ScreenState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open' }
  /** The connection is lost; `attempt` says how often it was tried since it last stood. */
  | { readonly kind: 'again'; readonly attempt: number; readonly inMs: number }
  /** Trying again would not help. */
  | { readonly kind: 'refused'; readonly error: ApiError }
  | { readonly kind: 'given-up' };

export interface ScreenParts {
  /** A ticket for one opening. @throws ApiError */
  readonly ticket: () => Promise<string>;
  readonly open: (ticket: string) => Promise<Rfb> | Rfb;
  /** Whether there is still something to look at. */
  readonly over: () => boolean;
  readonly later: (run: () => void, ms: number) => () => void;
  readonly asError: (thrown: unknown) => ApiError;
  readonly told: (state: ScreenState, rfb: Rfb | undefined) => void;
}

const MOST_TRIES = 8;

/** How long to wait before a try, in milliseconds: half a second, doubling up to 15 s. */
export function waitBefore(attempt: number): number {
  return Math.min(15_000, 500 * 2 ** (attempt - 1));
}

/**
 * Keeps one screen open: whenever the connection is lost it is made again, each time with a new ticket, since a ticket opens once. Stops where
 * the server says that this person may not, where the lease is over, and after eight tries in a row. Returns the function that ends it.
 */
export function keepScreen(parts: ScreenParts): () => void {
  let ended = false;
  let attempt = 0;
  let current: Rfb | undefined;
  let cancel: () => void = () => undefined;

  const again = (): void => {
    current = undefined;
    if (ended || parts.over()) return;
    attempt += 1;
    if (attempt > MOST_TRIES) return parts.told({ kind: 'given-up' }, undefined);
    const inMs = waitBefore(attempt);
    parts.told({ kind: 'again', attempt, inMs }, undefined);
    cancel = parts.later(() => void begin(), inMs);
  };
  const begin = async (): Promise<void> => {
    try {
      const ticket = await parts.ticket();
      if (ended) return;
      const rfb = await parts.open(ticket);
      if (ended) return rfb.disconnect();
      current = rfb;
      rfb.addEventListener('connect', () => {
        attempt = 0;
        if (!ended) parts.told({ kind: 'open' }, rfb);
      });
      rfb.addEventListener('disconnect', () => {
        if (rfb === current) again();
      });
    } catch (thrown) {
      if (ended) return;
      const error = parts.asError(thrown);
      // What lies between 400 and 499 stays so; no answer, a restart and too many calls pass.
      if (error.status >= 400 && error.status < 500 && error.status !== 429) parts.told({ kind: 'refused', error }, undefined);
      else again();
    }
  };
  parts.told({ kind: 'connecting' }, undefined);
  void begin();
  return () => {
    ended = true;
    cancel();
    const rfb = current;
    current = undefined;
    rfb?.disconnect();
  };
}
