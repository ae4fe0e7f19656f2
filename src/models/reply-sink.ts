import type { LimitFigures } from './ports.ts';

/** Where a reply goes: the room `http` implements it over the socket. Nothing here throws when the client is gone. */
export interface ReplySink {
  /** What is left of the call's limits, before `head`: becomes headers where the dialect has some. */
  limits?(figures: LimitFigures): void;
  /** Status and headers; once. After it, errors are told inside the reply. */
  head(status: number, headers: Record<string, string>): void;
  /** False when the client reads more slowly than it is written to: wait for `drained`. */
  write(chunk: string | Buffer): boolean;
  drained(): Promise<void>;
  /** @param whole false: this is the end of a reply that broke off, told inside it. */
  end(chunk?: string | Buffer, whole?: boolean): void;
  /** Whether `head` was called. */
  readonly started: boolean;
}
