import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';

/** What a call of a model looks at in its request, whoever has read it: Node's server, or the lane beside it. */
export interface CallRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** Lower-case names. */
  readonly headers: IncomingHttpHeaders;
  readonly socket: Socket;
  /** Whether all of its body has arrived. */
  readonly complete: boolean;
}

/** What is done with a call's reply: the part of Node's `ServerResponse` that it needs, which the lane has too. */
export interface CallReply {
  readonly destroyed: boolean;
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  readonly writableFinished: boolean;
  readonly writableNeedDrain: boolean;
  /** @param headers as an object, or flat: name, value, name, value. */
  writeHead(status: number, headers: Record<string, string> | string[]): unknown;
  flushHeaders(): void;
  /** False: the client does not keep up; wait for `drain`. */
  write(chunk: string | Uint8Array): boolean;
  end(chunk?: string | Uint8Array): unknown;
  destroy(): unknown;
  on(event: 'close' | 'drain' | 'error', listener: () => void): unknown;
  off(event: 'close' | 'drain' | 'error', listener: () => void): unknown;
}
