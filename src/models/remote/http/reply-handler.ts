import type { IncomingHttpHeaders } from 'node:http';

/** How a handler holds the connection that its reply comes on. After the reply's end it holds nothing: its calls do nothing. */
export interface ReplyControl {
  /** Ends the exchange at once: `onResponseError` is called with this error, and the connection is cut. */
  abort(error: Error): void;
  /** Nothing more is handed on, and nothing more is read from the socket, until `resume`. */
  pause(): void;
  resume(): void;
}

/** Takes one reply. `onResponseEnd` or `onResponseError` is called once, and nothing after it. */
export interface ReplyHandler {
  /** There is a connection, and nothing was sent on it yet: an abort inside this call costs no connection. */
  onRequestStart(control: ReplyControl): void;
  /** Never for informational answers (1xx). Names are in lower case; several fields of a name are joined by a comma. */
  onResponseStart(control: ReplyControl, status: number, headers: IncomingHttpHeaders): void;
  /** A piece of the body. It holds for this call only: what is to be kept is copied. */
  onResponseData(control: ReplyControl, chunk: Buffer): void;
  onResponseEnd(control: ReplyControl): void;
  onResponseError(control: ReplyControl, error: Error): void;
}
