/** Bounds on what a client may keep open. Passed in, so that a test can shorten them. */
export interface Limits {
  /** The request line and headers, in bytes. */
  readonly maxHeaderBytes: number;
  /** From the connection, or from the first byte of a further request, to the end of the headers. */
  readonly headersMs: number;
  /** From the first byte to the end of the body: 16 MiB within this needs 2.2 Mbit/s. */
  readonly requestMs: number;
  /** A connection between two requests. Longer than the pools of common proxies keep theirs (60 s). */
  readonly keepAliveMs: number;
  /** How often the three above are looked at. */
  readonly checkMs: number;
  /** When closing: how long requests in flight may go on. */
  readonly drainMs: number;
  /** Between two heartbeats of /api/live. */
  readonly heartbeatMs: number;
}

export const LIMITS: Limits = {
  maxHeaderBytes: 16_384,
  headersMs: 15_000,
  requestMs: 60_000,
  keepAliveMs: 65_000,
  checkMs: 1_000,
  drainMs: 30_000,
  heartbeatMs: 15_000,
};
