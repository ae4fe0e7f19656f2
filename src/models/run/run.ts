import { TandemError, isTandemError } from '../../base/index.ts';
import { MeteredCall, NOTHING } from '../metered-call.ts';
import { Stopped } from '../remote/exchange.ts';
import type { OpenAttempt } from '../routing/plan.ts';
import type { Ready } from './attempt.ts';
import { tierOf, type Call } from './call.ts';
import { Delivery } from './delivery.ts';
import { failureHeaders, replyHeaders } from './headers.ts';
import type { Failure, Lane } from './lane.ts';
import { firstTokenMs, isOwnFault, outcomeOf, report, stoppedHere, tried } from './outcome.ts';
import { prepare } from './prepare.ts';
import type { RunTools } from './tools.ts';
import { Watch } from './watch.ts';

/**
 * One call from its plan to its charge, whatever dialects are spoken: hold, attempts, settlement, end.
 * @throws TandemError before the reply has begun; later errors are told inside it.
 */
export async function runCall(call: Call, tools: RunTools): Promise<void> {
  const found = prepare(call, tools);
  const ready = Array.isArray(found) ? found : await found;
  if (ready.length === 0) return;
  const metered = await MeteredCall.admit(call, ready, tools);
  await new Run(call, ready, metered, tools).run();
}

const LOST = new Stopped('lost', '');

class Run {
  readonly #call: Call;
  readonly #ready: readonly Ready[];
  readonly #metered: MeteredCall;
  readonly #tools: RunTools;
  #at = 0;
  #tries = 0;
  /** The lane that runs, or ran last; where two do, the one that took the reply. */
  #lane: Lane | null = null;
  /** The lane that has said something to the caller, or has a whole answer. */
  #taken: Lane | null = null;
  #beside: Lane | null = null;

  constructor(call: Call, ready: readonly Ready[], metered: MeteredCall, tools: RunTools) {
    this.#call = call;
    this.#ready = ready;
    this.#metered = metered;
    this.#tools = tools;
  }

  async run(): Promise<void> {
    const hedging = this.#call.alias.limits.hedge !== null;
    if (hedging) this.#tools.hedges.callBegan();
    const failure = await this.#attempts();
    const lane = this.#lane;
    if (!lane) {
      // Between the plan and the first attempt other calls have filled every way.
      const { candidate } = this.#ready[0]!;
      await this.#metered.release({ candidate, outcome: 'failed', counts: NOTHING, reported: true, httpStatus: null, startedMs: this.#tools.clock.monotonicMs(), connectMs: 0, firstTokenMs: 0, hedged: false });
      if (hedging) this.#tools.hedges.callEnded(this.#call.alias, candidate.target, 0n, null);
      throw new TandemError('backend_busy', { params: { backend: candidate.target.backend.name }, retryAfterSeconds: 1 });
    }
    const { attempt } = lane;
    const { startedMs } = this.#call;
    attempt.release();
    this.#metered.queueMs = attempt.queueMs + this.#call.coldStartMs;
    this.#metered.connectMs = Math.max(0, attempt.connectedMs - startedMs);
    const outcome = failure === null ? attempt.outcome : endOf(failure);
    this.#metered.firstTokenMs = firstTokenMs(attempt, outcome, startedMs);
    if (hedging) {
      const firstTextMs = outcome !== 'failed' && attempt.firstTextMs > 0 ? attempt.firstTextMs - attempt.startedMs : null;
      this.#tools.hedges.callEnded(this.#call.alias, attempt.candidate.target, failure === null ? this.#metered.worth(attempt.counts().counts) : 0n, firstTextMs);
    }
    if (failure !== null) await this.#endBadly(failure);
    else if (lane.delivery) await this.#endStream(lane, lane.delivery);
    else await this.#endWhole(lane);
  }

  /** Tries until an attempt answers, or until no other may be made. Null: the last one answered, or there was none. */
  async #attempts(): Promise<Failure | null> {
    let failure: Failure | null = null;
    for (; this.#at < this.#ready.length; this.#at += 1) {
      const ready = this.#ready[this.#at]!;
      const open = this.#tools.router.begin(ready.candidate);
      if (open === null) continue;
      if (failure) this.#note(failure);
      const lane = this.#start(ready, open, false);
      failure = await (this.#call.alias.limits.hedge === null || this.#at + 1 >= this.#ready.length ? this.#finish(lane) : this.#race(lane));
      if (failure === null || !this.#mayGoOn(failure)) return failure;
    }
    return failure;
  }

  #start(ready: Ready, open: OpenAttempt, hedged: boolean): Lane {
    const delivery = this.#newDelivery();
    const lane: Lane = { ready, open, hedged, delivery, attempt: ready.open(delivery) };
    this.#tries += 1;
    if (delivery) delivery.owner = { begin: () => this.#begin(lane), progress: () => this.#metered.progress(lane.attempt.counts().counts) };
    if (!hedged) this.#lane = lane;
    return lane;
  }

  #newDelivery(): Delivery | null {
    const { request, dialect, sink, id, admittedAtMs, alias } = this.#call;
    if (!request.stream) return null;
    return new Delivery(sink, dialect.writer(request, { id, createdAtMs: admittedAtMs, alias: alias.name, serviceTier: tierOf(request) }), this.#tools.clock);
  }

  /** Runs a lane to its end. A kept connection that closes under the request says nothing of its backend: it is sent once more. */
  async #finish(lane: Lane): Promise<Failure | null> {
    const { log } = this.#tools;
    for (let resent = false; ; resent = true) {
      const { attempt, open } = lane;
      const watch = new Watch(this.#call, attempt, lane.delivery, this.#tools);
      try {
        await watch.run();
      } catch (error) {
        const told = attempt.told(error);
        if (!resent && !this.#call.sink.started && attempt.again(error)) {
          this.#note({ lane, error, told });
          this.#tries += 1;
          lane.attempt = lane.ready.open(lane.delivery);
          continue;
        }
        report(attempt, open, error, told, log);
        return { lane, error, told };
      } finally {
        watch.end();
      }
      report(attempt, open, undefined, null, log);
      return this.#take(lane) ? null : { lane, error: LOST, told: attempt.told(LOST) };
    }
  }

  /** Runs a lane, and a second one beside it when the first is slow to begin. The first to say anything takes the reply. */
  async #race(first: Lane): Promise<Failure | null> {
    const { clock, hedges } = this.#tools;
    const { alias } = this.#call;
    const delayMs = hedges.delayMs(alias, first.ready.candidate.target);
    if (delayMs === null) return this.#finish(first);
    const over = new AbortController();
    const running = this.#finish(first).finally(() => over.abort(new Error('the first is over')));
    await clock.sleep(delayMs, over.signal).catch(() => {});
    const held = this.#metered.worth(first.attempt.counts().counts);
    const second = over.signal.aborted || this.#taken !== null ? null : this.#startBeside(held);
    if (second === null) return running;
    this.#beside = second;
    const [one, other] = await Promise.all([running, this.#finish(second)]);
    this.#beside = null;
    const winner = this.#taken ?? (one === null ? first : second);
    const loser = winner === first ? second : first;
    this.#lane = winner;
    const lost = winner === first ? other : one;
    const said = loser.attempt.spent(lost?.error);
    const { counts, counted } = loser.attempt.counts();
    const spent = said ?? counts;
    this.#metered.tried({ ...tried(loser.attempt, lost && outcomeOf(lost.error) === 'failed' ? 'failed' : 'cut', spent, loser.hedged), reported: said !== null || counted === 'backend' });
    hedges.ended(alias, held, this.#metered.worth(spent));
    return winner === first ? one : other;
  }

  #startBeside(held: bigint): Lane | null {
    const { alias, signal } = this.#call;
    const ready = this.#ready[this.#at + 1]!;
    if (signal.aborted || this.#tries >= alias.limits.attempts || !this.#tools.hedges.begin(alias, held)) return null;
    // Null where its keys are full or its breaker is open: no second attempt is made where there is no room.
    const open = this.#tools.router.begin(ready.candidate);
    if (open === null) {
      this.#tools.hedges.ended(alias, held, 0n);
      return null;
    }
    this.#at += 1;
    return this.#start(ready, open, true);
  }

  /** A lane has something to say. Null: another one was faster. Else the head of the reply. */
  #begin(lane: Lane): Record<string, string> | null {
    return this.#take(lane) ? replyHeaders(true, lane.attempt.candidate, this.#tries, this.#call.coldStartMs) : null;
  }

  /** The first lane with something to say takes the reply, and stops the other. */
  #take(lane: Lane): boolean {
    if (this.#taken === lane) return true;
    if (this.#taken !== null) return false;
    this.#taken = lane;
    if (this.#beside) (this.#beside === lane ? this.#lane! : this.#beside).attempt.stop(LOST);
    this.#lane = lane;
    return true;
  }

  /** Records an attempt that is followed by another one. */
  #note({ lane: { attempt, hedged }, error }: Failure): void {
    this.#metered.tried(tried(attempt, outcomeOf(error), attempt.spent(error), hedged));
  }

  /** Only while nothing was delivered, and within the attempt budget. */
  #mayGoOn({ error, told }: Failure): boolean {
    const { sink, alias: { limits }, startedMs, coldStartMs } = this.#call;
    // A head that was sent names the route, so it is kept to.
    if (sink.started || stoppedHere(error) || (error instanceof Stopped && error.step === 'finish its answer')) return false;
    return !isOwnFault(told) && this.#tries < limits.attempts && this.#tools.clock.monotonicMs() - startedMs - coldStartMs <= limits.attemptsWithinMs;
  }

  async #endWhole({ attempt, hedged }: Lane): Promise<void> {
    const call = this.#call;
    const { counts, counted } = attempt.counts();
    if (call.signal.aborted) return this.#metered.release(tried(attempt, 'client_left', counts, hedged));
    const settlement = await this.#metered.settle({ outcome: attempt.outcome, counts, counted, finishReason: attempt.finish, last: tried(attempt, attempt.outcome, counts, hedged) });
    const writer = call.dialect.writer(call.request, { id: call.id, createdAtMs: call.admittedAtMs, alias: call.alias.name, serviceTier: tierOf(call.request) });
    const text = writer.whole(attempt.reply!, { counts, rawUsage: null, receipt: call.receipt ? this.#metered.receipt(settlement, attempt.candidate) : null, endedAtMs: this.#tools.clock.nowMs() });
    call.sink.head(200, replyHeaders(false, attempt.candidate, this.#tries, call.coldStartMs));
    call.sink.end(text);
  }

  async #endStream({ attempt, hedged }: Lane, delivery: Delivery): Promise<void> {
    const { counts, counted } = attempt.counts();
    try {
      const settlement = await this.#metered.settle({ outcome: attempt.outcome, counts, counted, finishReason: attempt.finish, last: tried(attempt, attempt.outcome, counts, hedged) });
      delivery.end({ counts, rawUsage: attempt.rawUsage, receipt: this.#call.receipt ? this.#metered.receipt(settlement, attempt.candidate) : null, endedAtMs: this.#tools.clock.nowMs() });
    } catch (error) {
      this.#tell(delivery, isTandemError(error) ? error : new TandemError('internal', { params: { requestId: this.#call.id }, cause: error }));
    }
  }

  /** What was delivered is charged; a call that delivered nothing is not. The caller learns of it where it still can. */
  async #endBadly(failure: Failure): Promise<void> {
    const { lane: { attempt, delivery, hedged }, error, told } = failure;
    const ended = endOf(failure);
    if (!delivery?.begun) {
      await this.#metered.release(tried(attempt, ended, attempt.spent(error), hedged));
    } else {
      const { counts, counted } = attempt.counts();
      try {
        await this.#metered.settle({ outcome: ended, counts, counted, finishReason: attempt.finish, last: tried(attempt, ended, attempt.used(), hedged) });
      } catch (unsettled) {
        this.#tools.log.error({ call: this.#call.id, reason: unsettled instanceof Error ? unsettled.message : 'unknown' }, 'a cut call could not be settled');
      }
    }
    if (!stoppedHere(error)) this.#tell(delivery, told);
  }

  /** Inside the reply once it has begun. */
  #tell(delivery: Delivery | null, error: TandemError): void {
    if (this.#call.sink.started && delivery) return delivery.fail(error);
    if (this.#lane) error.headers = failureHeaders(this.#lane.attempt.candidate, this.#tries);
    throw error;
  }
}

/** How a call ended that did so badly: what had begun to be delivered was cut. */
function endOf({ lane: { delivery }, error }: Failure): ReturnType<typeof outcomeOf> {
  const outcome = outcomeOf(error);
  return outcome === 'failed' && delivery?.begun ? 'cut' : outcome;
}
