import { ApiError } from '../../api/client.ts';

export type LinkState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open' }
  /** The connection is lost; `attempt` says how often it was tried since it last stood. */
  | { readonly kind: 'again'; readonly attempt: number; readonly inMs: number }
  /** Trying again would not help. */
  | { readonly kind: 'refused'; readonly error: ApiError }
  | { readonly kind: 'given-up' }
  /** The other side said that it is over. */
  | { readonly kind: 'ended' };

/** What an open connection tells. */
export interface LinkEvents {
  readonly connected: () => void;
  /** With a refusal: the server said why, and trying again would not help. */
  readonly lost: (refusal?: ApiError) => void;
  readonly ended: () => void;
}

export interface LinkParts<T extends { disconnect(): void }> {
  /** A ticket for one opening. @throws ApiError */
  readonly ticket: () => Promise<string>;
  readonly open: (ticket: string, events: LinkEvents) => Promise<T> | T;
  /** Whether there is still something to look at. */
  readonly over: () => boolean;
  readonly later: (run: () => void, ms: number) => () => void;
  readonly asError: (thrown: unknown) => ApiError;
  readonly told: (state: LinkState, link: T | undefined) => void;
}

const MOST_TRIES = 8;
/** What the server adds to a status of HTTP where it ends a socket by it. */
const OWN_CODES = 4_000;

/** How long to wait before a try, in milliseconds: half a second, doubling up to 15 s. */
export function waitBefore(attempt: number): number {
  return Math.min(15_000, 500 * 2 ** (attempt - 1));
}

/** What stays so; no answer, a restart and too many calls pass. */
const isFinal = (status: number): boolean => status >= 400 && status < 500 && status !== 408 && status !== 429;

/** Why the server ended a socket, where it is a refusal: `code: message` as its reason, and 4000 and the status as its code. */
export function refusalOf({ code, reason }: { readonly code: number; readonly reason: string }): ApiError | undefined {
  const status = code - OWN_CODES;
  if (!isFinal(status)) return undefined;
  const [, name = 'refused', message = reason] = /^([a-z_]{1,60}): (.*)$/s.exec(reason) ?? [];
  return new ApiError(status, { code: name, message: message === '' ? 'The server refused it.' : message, next: '' });
}

/**
 * Keeps a screen or a terminal open: whenever the connection is lost it is made again, each time with a new ticket, since a ticket opens once.
 * Stops where the server says that this person may not, where it is over, and after eight tries in a row. Returns the function that ends it.
 */
export function keepLink<T extends { disconnect(): void }>(parts: LinkParts<T>): () => void {
  let ended = false;
  let attempt = 0;
  let current: T | undefined;
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
  const refused = (error: ApiError): void => {
    current = undefined;
    parts.told({ kind: 'refused', error }, undefined);
  };
  const begin = async (): Promise<void> => {
    try {
      const ticket = await parts.ticket();
      if (ended) return;
      // One connection ends once, however many of its parts say so.
      let left = false;
      const once = (what: () => void) => (): void => {
        if (left || ended) return;
        left = true;
        what();
      };
      const link = await parts.open(ticket, {
        connected: () => {
          attempt = 0;
          if (!ended && !left) parts.told({ kind: 'open' }, link);
        },
        lost: (refusal) => once(() => (refusal ? refused(refusal) : again()))(),
        ended: once(() => {
          current = undefined;
          parts.told({ kind: 'ended' }, undefined);
        }),
      });
      if (ended) return link.disconnect();
      if (!left) current = link;
    } catch (thrown) {
      if (ended) return;
      const error = parts.asError(thrown);
      if (isFinal(error.status)) refused(error);
      else again();
    }
  };
  parts.told({ kind: 'connecting' }, undefined);
  void begin();
  return () => {
    ended = true;
    cancel();
    const link = current;
    current = undefined;
    link?.disconnect();
  };
}
