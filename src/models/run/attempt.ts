import type { TandemError } from '../../base/index.ts';
import type { FinishReason, NeutralReply } from '../neutral/reply.ts';
import type { Counted, Outcome } from '../ports.ts';
import type { TokenCounts } from '../quantities.ts';
import type { Candidate } from '../routing/plan.ts';
import type { Delivery } from './delivery.ts';

/** A call made ready for one candidate: what it can use there at most is known, and nothing was sent. */
export interface Ready {
  readonly candidate: Candidate;
  /** Prompt tokens at most. */
  readonly inputBound: number;
  /** Answer tokens at most, over all choices. */
  readonly outputBound: number;
  /** @param delivery null: the answer is collected whole. */
  open(delivery: Delivery | null): Attempt;
}

/** One try of a call on one candidate. */
export interface Attempt {
  readonly candidate: Candidate;
  /** Monotonic times; 0 until they are known. */
  readonly startedMs: number;
  readonly connectedMs: number;
  /** When its first text came; of an answer that is collected whole, its first byte. */
  readonly firstTextMs: number;
  /** Milliseconds that it waited for a place. */
  readonly queueMs: number;
  readonly httpStatus: number | null;
  /** When the backend itself said to come back; null: it said nothing. */
  readonly retryAfterSeconds: number | null;
  /** Pieces with text that came, or would have been delivered had the reply been streamed. */
  readonly pieces: number;
  readonly finish: FinishReason | null;
  /** `deadline`: the answer is complete but was ended by the clock. */
  readonly outcome: Extract<Outcome, 'completed' | 'deadline'>;
  /** The whole answer where it was collected. */
  readonly reply: NeutralReply | null;
  readonly rawUsage: Readonly<Record<string, unknown>> | null;
  /** Bytes of an answer that is collected whole, so far; 0 for others. */
  readonly received: number;
  /** Whether the runner watches its deadlines; the local engine keeps its own. */
  readonly watched: boolean;
  /** Resolves when the answer is complete. @throws what ended it before; `told` makes a caller's error of it. */
  run(): Promise<void>;
  /** Ends it at once; `run` throws this error. */
  stop(error: Error): void;
  /** The client left. True: its backend bills on all the same, so the answer is read to its end, unseen; `run` then throws `Stopped`. */
  leave(): boolean;
  /** What is to be paid for: what was delivered, as far as anybody knows. */
  counts(): { readonly counts: TokenCounts; readonly counted: Counted };
  /** What the backend spent on an answer of which something was delivered; more than `counts` where it was read on. */
  used(): TokenCounts;
  /** What the backend spent though nothing of it was delivered; null: nobody knows. */
  spent(error: unknown): TokenCounts | null;
  told(error: unknown): TandemError;
  /** Whether the same request may be sent to the same place once more: a kept connection was closed under it. */
  again(error: unknown): boolean;
  /** Cuts a connection that its backend leaves open after the end. */
  release(): void;
}
