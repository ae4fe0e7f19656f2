import type { Principal } from '../access/index.ts';

/** Where a reply is written: see the `models` room. */
export interface ReplySink {
  readonly started: boolean;
  head(status: number, headers: Readonly<Record<string, string>>): void;
  write(chunk: string | Uint8Array): boolean;
  drained(): Promise<void>;
  end(chunk?: string | Uint8Array): void;
}

export interface ChatCall {
  readonly principal: Principal;
  /** The parsed JSON body. */
  readonly body: unknown;
  readonly idempotencyKey: string | null;
  readonly receipt: boolean;
  /** Aborts when the client has left. */
  readonly signal: AbortSignal;
  readonly requestId: string;
}

/** What the model API needs of `models`. */
export interface ModelApi {
  chat(call: ChatCall, sink: ReplySink): Promise<void>;
  list(principal: Principal): { readonly object: 'list'; readonly data: readonly { readonly id: string }[] };
}
