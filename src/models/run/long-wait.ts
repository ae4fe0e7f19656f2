import { printable, type Clock } from '../../base/index.ts';
import type { Deadlines, Watched } from '../deadlines.ts';
import type { Candidate } from '../routing/plan.ts';
import type { Call } from './call.ts';
import { replyHeaders } from './headers.ts';

/** How long a stream waits in silence before it says what for. Common proxies cut a silent connection after 60 s. */
const QUIET_MS = 15_000;

/**
 * A stream that waits long begins with comments that name the wait, which clients skip: what goes wrong afterwards is
 * told inside the stream. Before that an error still has a status of its own.
 */
export class LongWait {
  readonly #call: Call;
  readonly #candidate: Candidate;
  readonly #tools: { readonly clock: Clock; readonly deadlines: Deadlines };
  #reason = '';
  #quiet: Watched | undefined;

  constructor(call: Call, candidate: Candidate, tools: { readonly clock: Clock; readonly deadlines: Deadlines }) {
    this.#call = call;
    this.#candidate = candidate;
    this.#tools = tools;
  }

  /** Begins the wait, or tells what it is for now. */
  name(reason: string): void {
    this.#reason = printable(reason);
    if (this.#quiet || !this.#call.request.stream) return;
    const { clock, deadlines } = this.#tools;
    const quiet: Watched = {
      place: -1,
      dueMs: clock.monotonicMs() + QUIET_MS,
      expire: () => {
        const { sink } = this.#call;
        if (!sink.started) sink.head(200, replyHeaders(true, this.#candidate, 1, this.#call.coldStartMs));
        sink.write(`: ${this.#reason}\n\n`);
        quiet.dueMs = clock.monotonicMs() + QUIET_MS;
        deadlines.watch(quiet);
      },
    };
    this.#quiet = quiet;
    deadlines.watch(quiet);
  }

  end(): void {
    if (this.#quiet) this.#tools.deadlines.unwatch(this.#quiet);
    this.#quiet = undefined;
  }
}
