/** What the other side did wrong, or why a stream ended early. The text holds nothing that was sent. */
export class WireError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'WireError';
    this.code = code;
  }
}
