/** What the bytes of a reply are, when they are no reply (RFC 9112). The message names the rule, never the bytes. */
export class BadHttp extends Error {
  readonly code = 'BAD_HTTP';
}

/** The backend closed the connection before its reply was complete. */
export class ConnectionClosed extends Error {
  readonly code: 'CONNECTION_CLOSED' | 'REPLY_CUT';

  /** @param begun whether anything of a reply had come: only where nothing had may the request be sent once more. */
  constructor(begun: boolean) {
    super('the backend closed the connection');
    this.code = begun ? 'REPLY_CUT' : 'CONNECTION_CLOSED';
  }
}

/** The pool takes no more requests. */
export class PoolClosed extends Error {
  readonly code = 'POOL_CLOSED';

  constructor() {
    super('the connections to this backend are closed');
  }
}

/** A request that would not be read as it was meant: a line end in a header. */
export class BadRequest extends Error {
  readonly code = 'BAD_REQUEST_HEAD';
}
