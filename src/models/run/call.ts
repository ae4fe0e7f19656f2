import type { IncomingHttpHeaders } from 'node:http';
import type { LeavingSignal } from '../../base/index.ts';
import type { CallerDialect } from '../neutral/dialect.ts';
import type { NeutralRequest } from '../neutral/request.ts';
import type { Principal } from '../ports.ts';
import type { Alias } from '../registry/target.ts';
import type { ReplySink } from '../reply-sink.ts';
import type { RoutePlan } from '../routing/plan.ts';

/** What the room `http` hands over for one call. */
export interface CallInput {
  readonly principal: Principal;
  /** Parsed JSON; checked here. */
  readonly body: unknown;
  /** Of the request, lower-case, for dialects that say something in them. */
  readonly headers?: IncomingHttpHeaders;
  readonly idempotencyKey: string | null;
  /** Whether the caller asked for the receipt (header `x-tandem-receipt: 1`). */
  readonly receipt: boolean;
  /** Aborts when the client has left. */
  readonly signal: LeavingSignal;
  /** UUIDv7: the id of the call, its hold and its usage event. */
  readonly requestId: string;
  /** Milliseconds that it has waited for a machine to begin serving its model. */
  readonly coldStartMs?: number;
}

/** A checked call on its way. */
export interface Call {
  readonly id: string;
  readonly principal: Principal;
  readonly dialect: CallerDialect;
  readonly request: NeutralRequest;
  readonly alias: Alias;
  readonly plan: RoutePlan;
  readonly sink: ReplySink;
  readonly receipt: boolean;
  readonly signal: LeavingSignal;
  /** Wall clock, which prices go by. */
  readonly admittedAtMs: number;
  /** Monotonic clock, which durations go by. */
  readonly startedMs: number;
  /** Milliseconds after that in which it waited for a machine to begin serving its model; 0: it did not. Deadlines begin after it. */
  readonly coldStartMs: number;
}

/** The service tier that a call runs on and is priced by. */
export function tierOf({ serviceTier }: Pick<NeutralRequest, 'serviceTier'>): 'default' | 'priority' | 'flex' {
  return serviceTier === 'auto' ? 'default' : serviceTier;
}
