import { TandemError, isTandemError } from '../../base/index.ts';
import { MeteredCall, NOTHING, type Tried } from '../metered-call.ts';
import { Stopped } from '../remote/exchange.ts';
import type { OpenAttempt } from '../routing/plan.ts';
import type { Attempt, Ready } from './attempt.ts';
import { tierOf, type Call } from './call.ts';
import { Delivery } from './delivery.ts';
import { replyHeaders } from './headers.ts';
import { clientLeft, isOwnFault, outcomeOf, report } from './outcome.ts';
import { prepare } from './prepare.ts';
import type { RunTools } from './tools.ts';
import { Watch } from './watch.ts';

/**
 * One call from its plan to its charge, whatever dialects are spoken: hold, attempts, settlement, end.
 * @throws TandemError before the reply has begun; later errors are told inside it.
 */
export async function runCall(call: Call, tools: RunTools): Promise<void> {
  const ready = await prepare(call, tools);
  if (ready.length === 0) return;
  let input = 0;
  let output = 0;
  for (const { inputBound, outputBound } of ready) {
    input = Math.max(input, inputBound);
    output = Math.max(output, outputBound);
  }
  const metered = await MeteredCall.admit(call, input, output, tools);
  await new Run(call, ready, metered, tools).run();
}

class Run {
  readonly #call: Call;
  readonly #ready: readonly Ready[];
  readonly #metered: MeteredCall;
  readonly #tools: RunTools;
  #at = 0;
  #tries = 0;
  #attempt: Attempt | null = null;
  #delivery: Delivery | null = null;

  constructor(call: Call, ready: readonly Ready[], metered: MeteredCall, tools: RunTools) {
    this.#call = call;
    this.#ready = ready;
    this.#metered = metered;
    this.#tools = tools;
  }

  async run(): Promise<void> {
    const failure = await this.#attempts();
    const attempt = this.#attempt;
    if (!attempt) {
      // Between the plan and the first attempt other calls have filled every way.
      const { candidate } = this.#ready[0]!;
      await this.#metered.release({ candidate, outcome: 'failed', counts: NOTHING, httpStatus: null, startedMs: this.#tools.clock.monotonicMs() });
      throw new TandemError('backend_busy', { params: { backend: candidate.target.backend.name }, retryAfterSeconds: 1 });
    }
    const { startedMs } = this.#call;
    attempt.release();
    this.#metered.queueMs = attempt.queueMs;
    this.#metered.connectMs = Math.max(0, attempt.connectedMs - startedMs);
    this.#metered.firstTokenMs = Math.max(0, attempt.firstTextMs - startedMs);
    if (failure !== null) await this.#endBadly(attempt, failure.error, failure.told);
    else if (this.#delivery) await this.#endStream(attempt, this.#delivery);
    else await this.#endWhole(attempt);
  }

  /** For the delivery that runs: the head of its reply, and the word that something was delivered. */
  headers(): Record<string, string> {
    return replyHeaders(this.#call.request.stream, this.#attempt!.candidate, this.#tries);
  }

  progress(): void {
    this.#metered.progress(this.#attempt!.counts().counts);
  }

  /** Tries until an attempt answers, or until no other may be made. Null: the last one answered, or there was none. */
  async #attempts(): Promise<{ error: unknown; told: TandemError } | null> {
    let failure: { error: unknown; told: TandemError } | null = null;
    for (; this.#at < this.#ready.length; this.#at += 1) {
      const ready = this.#ready[this.#at]!;
      const open = this.#tools.router.begin(ready.candidate);
      if (open === null) continue;
      if (failure) this.#note(failure.error);
      failure = await this.#tryOn(ready, open);
      if (failure === null || !this.#mayGoOn(failure.error, failure.told)) return failure;
    }
    return failure;
  }

  /** One attempt; two, where a kept connection closed under the first: that says nothing of its backend. */
  async #tryOn(ready: Ready, open: OpenAttempt): Promise<{ error: unknown; told: TandemError } | null> {
    const { log } = this.#tools;
    for (let resent = false; ; resent = true) {
      const attempt = this.#open(ready);
      try {
        await new Watch(this.#call, attempt, this.#delivery, this.#tools).run();
      } catch (error) {
        if (!resent && !this.#call.sink.started && attempt.again(error)) {
          this.#note(error);
          continue;
        }
        const told = attempt.told(error);
        report(attempt, open, error, told, log);
        return { error, told };
      }
      report(attempt, open, undefined, null, log);
      return null;
    }
  }

  #open(ready: Ready): Attempt {
    const { request, dialect, sink, id, admittedAtMs, alias } = this.#call;
    this.#tries += 1;
    if (request.stream) {
      const writer = dialect.writer(request, { id, createdAtMs: admittedAtMs, alias: alias.name, serviceTier: tierOf(request) });
      this.#delivery = new Delivery(sink, writer, this, this.#tools.clock);
    }
    this.#attempt = ready.open(this.#delivery);
    return this.#attempt;
  }

  /** Records an attempt that is followed by another one. */
  #note(error: unknown): void {
    const attempt = this.#attempt!;
    this.#metered.tried(tried(attempt, outcomeOf(error), attempt.spent(error)));
  }

  /** Only while nothing was delivered, and within the attempt budget. */
  #mayGoOn(error: unknown, told: TandemError): boolean {
    const { sink, alias: { limits }, startedMs } = this.#call;
    // A head that was sent names the route, so it is kept to.
    if (sink.started || (error instanceof Stopped && (error.reason === 'client_left' || error.step === 'finish its answer'))) return false;
    return !isOwnFault(told) && this.#tries < limits.attempts && this.#tools.clock.monotonicMs() - startedMs <= limits.attemptsWithinMs;
  }

  async #endWhole(attempt: Attempt): Promise<void> {
    const call = this.#call;
    const reply = attempt.reply!;
    const { counts, counted } = attempt.counts();
    if (call.signal.aborted) return this.#metered.release(tried(attempt, 'client_left', counts));
    const settlement = await this.#metered.settle({ outcome: attempt.outcome, counts, counted, finishReason: attempt.finish, last: tried(attempt, attempt.outcome, counts) });
    const writer = call.dialect.writer(call.request, { id: call.id, createdAtMs: call.admittedAtMs, alias: call.alias.name, serviceTier: tierOf(call.request) });
    const text = writer.whole(reply, { counts, rawUsage: null, receipt: call.receipt ? this.#metered.receipt(settlement, attempt.candidate) : null, endedAtMs: this.#tools.clock.nowMs() });
    call.sink.head(200, this.headers());
    call.sink.end(text);
  }

  async #endStream(attempt: Attempt, delivery: Delivery): Promise<void> {
    const { counts, counted } = attempt.counts();
    try {
      const settlement = await this.#metered.settle({ outcome: attempt.outcome, counts, counted, finishReason: attempt.finish, last: tried(attempt, attempt.outcome, counts) });
      delivery.end({ counts, rawUsage: attempt.rawUsage, receipt: this.#call.receipt ? this.#metered.receipt(settlement, attempt.candidate) : null, endedAtMs: this.#tools.clock.nowMs() });
    } catch (error) {
      this.#tell(isTandemError(error) ? error : new TandemError('internal', { params: { requestId: this.#call.id }, cause: error }));
    }
  }

  /** What was delivered is charged; a call that delivered nothing is not. The caller learns of it where it still can. */
  async #endBadly(attempt: Attempt, error: unknown, told: TandemError): Promise<void> {
    const outcome = outcomeOf(error);
    if (!this.#delivery?.begun) {
      await this.#metered.release(tried(attempt, outcome, attempt.spent(error)));
    } else {
      const { counts, counted } = attempt.counts();
      const ended = outcome === 'failed' ? 'cut' : outcome;
      try {
        await this.#metered.settle({ outcome: ended, counts, counted, finishReason: attempt.finish, last: tried(attempt, ended, attempt.used()) });
      } catch (failure) {
        this.#tools.log.error({ call: this.#call.id, reason: failure instanceof Error ? failure.message : 'unknown' }, 'a cut call could not be settled');
      }
    }
    if (!clientLeft(error)) this.#tell(told);
  }

  /** Inside the reply once it has begun. */
  #tell(error: TandemError): void {
    if (!this.#call.sink.started) throw error;
    this.#delivery!.fail(error);
  }
}

function tried({ candidate, httpStatus, startedMs }: Attempt, outcome: Tried['outcome'], counts: Tried['counts']): Tried {
  return { candidate, outcome, counts, httpStatus, startedMs };
}
