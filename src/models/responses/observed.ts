import { responsesCaller } from '../dialects/responses/caller.ts';
import { ResponseWriter } from '../dialects/responses/writer.ts';
import type { CallerDialect } from '../neutral/dialect.ts';
import type { DialectIn } from '../neutral/parts.ts';
import type { ReplySink } from '../reply-sink.ts';
import type { CallInput } from '../run/call.ts';

/** A call whose response can be looked at when it has ended. */
export interface Observed {
  /** The UUID in the response's id: a response in the background has its own, whichever call makes it. Null: the call's. */
  readonly id: string | null;
  /** Who wrote the reply last; null: nothing was written. */
  writer: ResponseWriter | null;
}

/** Answers one call: see `answerIn`. */
export type Answer = (observed: Observed, call: CallInput, sink: ReplySink) => Promise<void>;

/** Answers one call in any dialect, as contributions see it. */
export type KeptAnswer = (dialect: DialectIn, call: CallInput, sink: ReplySink) => Promise<void>;

/** The dialect of one call, whose writer is shown to who keeps the response. */
export function observedCaller(observed: Observed): CallerDialect {
  return {
    ...responsesCaller,
    writer(request, facts) {
      observed.writer = new ResponseWriter(request, observed.id === null ? facts : { ...facts, id: observed.id });
      return observed.writer;
    },
  };
}
