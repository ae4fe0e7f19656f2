/** What the other side did wrong, or why a stream ended early. The text holds nothing that was sent. */
export class WireError extends Error {
  readonly code: string;
  /** Of a stream that the other side ended: its code, to be passed on where the stream is one piece of a longer way. */
  readonly told: string | undefined;

  constructor(code: string, message: string, told?: string) {
    super(message);
    this.name = 'WireError';
    this.code = code;
    this.told = told;
  }
}
