import { TandemError, isTandemError, type Clock, type Logger } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';
import { responseError } from '../dialects/responses/envelope.ts';
import type { AccessPort, Principal } from '../ports.ts';
import type { JsonObject } from '../request/json.ts';
import { EventLogSink, appendEvents, readEvents, type EventLogTools } from './event-log.ts';
import type { Archive } from './archive.ts';
import type { Jobs, TakenJob } from './jobs.ts';
import { TextSink } from './keeping-sink.ts';
import type { KeptResponse } from './kept-response.ts';
import type { Answer, KeptAnswer, Observed } from './observed.ts';

export interface BackgroundOptions extends EventLogTools {
  readonly database: Database;
  readonly jobs: Jobs;
  readonly archive: Archive;
  readonly directory: Pick<AccessPort['directory'], 'principalOfKey' | 'principalOfMember'>;
  readonly answer: Answer;
  readonly contributing: (answer: KeptAnswer) => KeptAnswer;
  readonly newId: () => string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Told with `new`, or with the id of a response that was cancelled. */
export const JOBS_CHANNEL = 'response_jobs';

/** How many responses one process runs in the background at once; the others wait. */
const MOST_AT_ONCE = 32;
const LOOK_MS = 2_000;
const BEAT_MS = 5_000;
const CUT_AT_ONCE = 100;

/** Why a running job is aborted. */
class Cancelled extends Error {}
class Stopping extends Error {}

/**
 * Runs responses that nobody waits for. A job is a row that a process takes with a token: only who has the last token may write its
 * end. What a crash has cut is not tried again, since its first try may have been charged: it ends as failed, and says so.
 */
export class Background {
  readonly #options: BackgroundOptions;
  readonly #running = new Map<string, { readonly abort: AbortController; readonly ended: Promise<void> }>();
  readonly #stop = new AbortController();
  #loops: Promise<unknown> | undefined;
  #unlisten: (() => Promise<void>) | undefined;
  #wake = () => {};

  constructor(options: BackgroundOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#unlisten = await this.#options.database.listen(JOBS_CHANNEL, (payload) => {
      this.#running.get(payload)?.abort.abort(new Cancelled('it was cancelled'));
      this.#wake();
    });
    this.#loops = Promise.all([this.#every(LOOK_MS, () => this.#look(), true), this.#every(BEAT_MS, () => this.#beat(), false)]);
  }

  /** Ends what runs here: what was not delivered goes back to wait for another process. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('the room stops'));
    this.#wake();
    await this.#loops;
    for (const { abort } of this.#running.values()) abort.abort(new Stopping('the server is stopping'));
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
    await this.#unlisten?.();
  }

  async #look(): Promise<void> {
    const { jobs } = this.#options;
    for (const job of await jobs.takeCut(CUT_AT_ONCE)) {
      await this.#fail(job, new TandemError('response_cut'));
    }
    for (const job of await jobs.take(MOST_AT_ONCE - this.#running.size)) this.#begin(job);
  }

  #begin(job: TakenJob): void {
    const abort = new AbortController();
    const ended = this.#run(job, abort.signal).catch((error: unknown) => {
      this.#options.log.error({ response: job.id, reason: error instanceof Error ? error.message : 'unknown' }, 'a response in the background could not be written down');
    }).finally(() => {
      this.#running.delete(job.id);
      this.#wake();
    });
    this.#running.set(job.id, { abort, ended });
  }

  async #run(job: TakenJob, signal: AbortSignal): Promise<void> {
    const { archive, answer, contributing, newId } = this.#options;
    const principal = this.#principalOf(job);
    if (principal === null) return this.#fail(job, new TandemError('invalid_api_key'));
    const ownId = job.id.slice('resp_'.length);
    // Given before the job's content is found: a purge after that is later than the call.
    const requestId = isFirst(job) ? ownId : newId();
    const waiting = await archive.find(principal, job.id).catch(() => null);
    // Purged or deleted while it waited.
    if (!waiting?.body) return this.#drop(job);
    const sink = job.streamed ? new EventLogSink(this.#options, ownerOf(job), job.id) : new TextSink();
    const observed: Observed = { id: ownId, writer: null };
    let failure: unknown = null;
    try {
      const call = { principal, body: waiting.body, headers: {}, idempotencyKey: null, receipt: false, signal, requestId };
      await contributing((_dialect, input, to) => answer(observed, input, to))('responses', call, sink);
      if (sink instanceof EventLogSink) await sink.settled();
    } catch (error) {
      failure = error;
    }
    if (signal.reason instanceof Cancelled) return;
    if (signal.reason instanceof Stopping && !job.streamed) return this.#options.jobs.giveBack(job);
    const kept = observed.writer?.kept;
    if (failure !== null || !kept) {
      const error = isTandemError(failure) ? failure : signal.aborted ? new TandemError('response_cut') : new TandemError('internal', { params: { requestId: job.id } });
      return this.#end(job, waiting, { ...waiting.response, status: 'failed', error: responseError(error) }, sink instanceof EventLogSink ? sink.tail : '', error);
    }
    return this.#end(job, waiting, kept, sink instanceof EventLogSink ? sink.tail : '', null);
  }

  /** Ends a job that did not run to its end here. */
  async #fail(job: TakenJob, error: TandemError): Promise<void> {
    const waiting = await this.#options.archive.find(readerOf(job), job.id).catch(() => null);
    if (!waiting) return this.#drop(job);
    await this.#end(job, waiting, { ...waiting.response, status: 'failed', error: responseError(error) }, '', error);
  }

  async #end(job: TakenJob, { input }: KeptResponse, response: JsonObject, tail: string, error: TandemError | null): Promise<void> {
    const { database, jobs, archive } = this.#options;
    await database.transaction(async (tx) => {
      if (!await jobs.end(job, tx)) return;
      const owner = ownerOf(job);
      await archive.keep(owner, { response, input, streamed: job.streamed }, tx);
      if (!job.streamed) return;
      const last = tail === '' && error !== null ? await lastWords(this.#options, readerOf(job), job.id, error, response) : tail;
      if (last !== '') await appendEvents(this.#options, owner, job.id, last, tx);
    });
  }

  async #drop(job: TakenJob): Promise<void> {
    await this.#options.database.transaction(async (tx) => { await this.#options.jobs.end(job, tx); });
  }

  async #beat(): Promise<void> {
    if (this.#running.size > 0) await this.#options.jobs.beat();
  }

  #principalOf({ keyId, memberId, projectId }: TakenJob): Principal | null {
    const { directory } = this.#options;
    const principal = keyId !== null ? directory.principalOfKey(keyId) : memberId !== null ? directory.principalOfMember(memberId) : null;
    return principal && { ...principal, projectId };
  }

  /** @param wakeable whether word of a new job shortens the wait. */
  async #every(ms: number, work: () => Promise<void>, wakeable: boolean): Promise<void> {
    const { signal } = this.#stop;
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      const over = new AbortController();
      const woken = new Promise<void>((resolve) => {
        if (wakeable) this.#wake = resolve;
      });
      try {
        await work();
      } catch (error) {
        if (!signal.aborted) log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'responses in the background could not be tended; trying again');
      }
      await Promise.race([woken, clock.sleep(ms, AbortSignal.any([signal, over.signal])).catch(() => {})]);
      over.abort(new Error('woken'));
    }
  }
}

/** Its call then has the id of the response, by which callers ask and say something about it; a call that is made anew is another. */
function isFirst({ token }: TakenJob): boolean {
  return token === '1';
}

/** Whom its content is kept for. */
function ownerOf({ organisationId, projectId, keyId }: TakenJob) {
  return { organisationId, projectId, keyId };
}

/** For reading a job's own content where its caller is gone. It may do nothing else. */
function readerOf({ organisationId, projectId }: TakenJob): Principal {
  return {
    organisationId, projectId, keyId: null, actor: { kind: 'system', id: null, label: 'background' }, role: 'viewer', allowedModels: [], tier: 'standard', currency: 'USD', ofOperator: false, sessionId: null, expiresAtMs: null,
  };
}

/** The end of a stream whose writer is gone, numbered after what was written. */
export async function lastWords(tools: EventLogTools, reader: Principal, id: string, error: TandemError, response: JsonObject): Promise<string> {
  let number = 0;
  for await (const frame of readEvents(tools, reader, id, -1, new Set())) {
    const found = /"sequence_number":(\d+)\}\n\n$/.exec(frame);
    if (found) number = Number(found[1]) + 1;
  }
  const message = `${error.message} ${error.next}`;
  const frame = (fields: JsonObject, at: number) => `event: ${String(fields['type'])}\ndata: ${JSON.stringify({ ...fields, sequence_number: at })}\n\n`;
  return frame({ type: 'response.failed', response }, number) + frame({ type: 'error', code: error.code, message, param: null }, number + 1);
}
