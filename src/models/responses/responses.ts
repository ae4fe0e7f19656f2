import { TandemError, type Clock, type Logger, signalOf } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';
import type { ContentStore } from '../content/index.ts';
import { envelope, responseId } from '../dialects/responses/envelope.ts';
import { responsesCaller } from '../dialects/responses/caller.ts';
import { shownItem } from '../dialects/responses/includes.ts';
import type { NeutralRequest } from '../neutral/request.ts';
import type { AccessPort, Principal } from '../ports.ts';
import { invalid } from '../request/fields.ts';
import { isObject, type JsonObject } from '../request/json.ts';
import type { ReplySink } from '../reply-sink.ts';
import type { CallInput } from '../run/call.ts';
import { Archive, beganMs } from './archive.ts';
import { Background, JOBS_CHANNEL, lastWords } from './background.ts';
import { appendEvents, type EventLogTools } from './event-log.ts';
import { compacted, summaryCall } from './compact.ts';
import { followEvents, EventWatch } from './follow.ts';
import { Jobs } from './jobs.ts';
import { withoutOffers } from './offered-tools.ts';
import { KeepingSink, TextSink } from './keeping-sink.ts';
import { inputItems, outputItems, type KeptResponse } from './kept-response.ts';
import { page, type ItemPage, type PageQuery } from './item-page.ts';
import type { Answer, KeptAnswer, Observed } from './observed.ts';
import { ResponseSession } from './session.ts';

export interface ResponsesOptions {
  readonly content: ContentStore;
  readonly database: Database;
  readonly directory: Pick<AccessPort['directory'], 'project' | 'projectFor' | 'principalOfKey' | 'principalOfMember'>;
  readonly answer: Answer;
  /** Asks the hooks, for calls that come by a door of their own. Null: the caller has left. @throws TandemError hook_blocked, hook_failed */
  readonly enter: (call: CallInput, sink: ReplySink) => Promise<{ readonly input: CallInput; readonly sink: ReplySink } | null>;
  /** The same answer, with a copy kept where the caller's project consents: for calls that come by a door of their own, or are answered later. */
  readonly contributing: (answer: KeptAnswer) => KeptAnswer;
  /** Whether the caller may use the model of a request that is going to wait. @throws TandemError model_not_found */
  readonly demandModel: (principal: Principal, model: string) => void;
  readonly newId: () => string;
  /** This process, among those on the same database. */
  readonly owner: string;
  readonly clock: Clock;
  readonly log: Logger;
}

const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };
const ENCRYPTED = 'reasoning.encrypted_content';

/**
 * Responses as OpenAI's API has them: kept for 30 days where the caller does not say otherwise, gone on from by their id, run in the
 * background, fetched, cancelled and deleted.
 */
export class Responses {
  readonly #options: ResponsesOptions;
  readonly #archive: Archive;
  readonly #jobs: Jobs;
  readonly #background: Background;
  readonly #events: EventLogTools;
  readonly #watch: EventWatch;

  constructor(options: ResponsesOptions) {
    const { content, database, clock, owner } = options;
    this.#options = options;
    this.#archive = new Archive(content, database);
    this.#jobs = new Jobs(database, owner);
    this.#events = { content, database, clock };
    this.#watch = new EventWatch(database);
    this.#background = new Background({ ...options, jobs: this.#jobs, archive: this.#archive });
  }

  async start(): Promise<void> {
    await this.#watch.start();
    await this.#background.start();
  }

  async stop(): Promise<void> {
    await this.#background.stop();
    await this.#watch.stop();
  }

  session(): ResponseSession {
    return new ResponseSession();
  }

  /** One response of a connection that has several, one after the other. @throws TandemError before the reply has begun. */
  async turn(call: CallInput, sink: ReplySink, session: ResponseSession): Promise<void> {
    const principal = { ...call.principal, projectId: this.#options.directory.projectFor(call.principal) };
    const body: unknown = isObject(call.body) ? { ...call.body, stream: true } : call.body;
    if (isObject(body) && body['background'] === true) throw invalid('background', 'is not available over a WebSocket');
    const entered = await this.#options.enter({ ...call, principal, body }, sink);
    if (entered) await this.#options.contributing((_dialect, input, to) => this.create(input, to, session))('responses', entered.input, entered.sink);
  }

  /**
   * `POST /v1/responses`.
   * @param session what its connection remembers, where it has several responses.
   * @throws TandemError before the reply has begun.
   */
  async create(call: CallInput, sink: ReplySink, session?: ResponseSession): Promise<void> {
    const before = isObject(call.body) ? call.body['previous_response_id'] : undefined;
    let well = false;
    try {
      well = await this.#create(call, sink, session);
    } finally {
      if (!well && typeof before === 'string') session?.forget(before);
    }
  }

  /** True when it ended well. */
  async #create(call: CallInput, sink: ReplySink, session: ResponseSession | undefined): Promise<boolean> {
    const observed: Observed = { id: null, writer: null };
    const { principal } = call;
    // What is no object is the dialect's to refuse.
    if (!isObject(call.body)) {
      await this.#options.answer(observed, call, sink);
      return false;
    }
    const body = withoutOffers(call.body, call.headers);
    const store = this.#stores(principal, body);
    const projectId = this.#options.directory.projectFor(principal);
    const input = await this.#archive.resolved(principal, projectId, body['input']);
    const whole: JsonObject = { ...body, store, ...(input !== undefined && { input }) };
    // Checked before anything is looked up that costs a statement for each response of the conversation.
    const request = responsesCaller.parse(whole);
    const own = inputItems(input, call.requestId);
    const before = body['previous_response_id'];
    const items = typeof before === 'string' ? [...session?.upTo(before, this.#options.directory.project(projectId)?.contentPurgedAtMs ?? null) ?? await this.#archive.conversation(principal, before), ...own] : own;
    demandCalls(items);
    const full = typeof before === 'string' ? { ...whole, input: items } : whole;
    if (body['background'] === true) {
      await this.#enqueue(call, request, full, own, sink);
      return true;
    }
    const keeping = store ? new KeepingSink(sink, (end) => this.#keep(call, observed, own, end)) : null;
    await this.#options.answer(observed, { ...call, body: full }, keeping ?? sink);
    await keeping?.ended;
    const response = observed.writer?.kept;
    if (!response || !isWell(response)) return false;
    session?.remember(String(response['id']), [...items, ...outputItems({ response })]);
    return true;
  }

  /** `POST /v1/responses/compact`: one call of the model, which sums the conversation up. @throws TandemError */
  async compact(given: CallInput, to: ReplySink): Promise<void> {
    const principal = { ...given.principal, projectId: this.#options.directory.projectFor(given.principal) };
    const entered = await this.#options.enter({ ...given, principal }, to);
    if (!entered) return;
    const { input: call, sink } = entered;
    const { body } = call;
    if (!isObject(body)) throw invalid('body', 'must be a JSON object');
    if (typeof body['model'] !== 'string') throw invalid('model', 'must be the name of a model; see /v1/models');
    const own = inputItems(await this.#archive.resolved(principal, this.#options.directory.projectFor(principal), body['input'] ?? []), call.requestId);
    const before = body['previous_response_id'];
    const items = typeof before === 'string' ? [...await this.#archive.conversation(principal, before), ...own] : own;
    const observed: Observed = { id: null, writer: null };
    await this.#options.answer(observed, { ...call, principal, body: summaryCall(body, items) }, new TextSink(sink));
    const response = observed.writer?.kept;
    // The client has left.
    if (!response) return;
    const reply = compacted(response, items, call.requestId);
    sink.head(200, JSON_HEADERS);
    sink.end(JSON.stringify(reply));
  }

  /** `GET /v1/responses/{id}`, as JSON. @throws TandemError content_not_found */
  async retrieve(principal: Principal, id: string, include: readonly string[]): Promise<JsonObject> {
    // Read first: a job that ends between the two reads has its final response by then.
    const state = await this.#jobs.state(principal.organisationId, id);
    const { response } = await this.#archive.find(principal, id);
    return shown(response['status'] === 'queued' && state === 'running' ? { ...response, status: 'in_progress' } : response, include);
  }

  /**
   * `GET /v1/responses/{id}?stream=true`.
   * @param startingAfter the number of the last event that was read; null: from the beginning.
   * @throws TandemError content_not_found, invalid_request
   */
  async stream(principal: Principal, id: string, startingAfter: number | null, sink: ReplySink, signal: AbortSignal): Promise<void> {
    const { streamed } = await this.#archive.find(principal, id);
    if (streamed !== true) throw invalid('stream', 'is only for responses that were made with background and stream');
    await followEvents({ ...this.#events, jobs: this.#jobs, watch: this.#watch }, principal, id, startingAfter ?? -1, sink, signal);
  }

  /** `GET /v1/responses/{id}/input_items`. @throws TandemError content_not_found, invalid_request */
  async inputItems(principal: Principal, id: string, query: PageQuery): Promise<ItemPage> {
    const items = await this.#archive.inputOf(principal, id);
    return page(items.map((item) => shownItem(item, query.include.includes(ENCRYPTED)) as JsonObject), query);
  }

  /** `DELETE /v1/responses/{id}`: one that still runs is cancelled first. @throws TandemError content_not_found */
  async delete(principal: Principal, id: string): Promise<{ id: string; object: 'response'; deleted: true }> {
    const { owner } = await this.#archive.find(principal, id);
    await this.#options.database.transaction(async (tx) => {
      if (await this.#jobs.cancel(owner.organisationId, id, tx)) await this.#options.database.notify(tx, JOBS_CHANNEL, id);
    });
    await this.#archive.remove(principal, id);
    return { id, object: 'response', deleted: true };
  }

  /** `POST /v1/responses/{id}/cancel`: one that has ended stays as it is. @throws TandemError content_not_found, invalid_request */
  async cancel(principal: Principal, id: string): Promise<JsonObject> {
    const { response, input, owner, streamed = false } = await this.#archive.find(principal, id);
    if (response['background'] !== true) throw new TandemError('invalid_request', { params: { reason: 'Only responses that run in the background can be cancelled.' } });
    const { database } = this.#options;
    await database.transaction(async (tx) => {
      if (!await this.#jobs.cancel(owner.organisationId, id, tx)) return;
      const cancelled = { ...response, status: 'cancelled' };
      await this.#archive.keep(owner, { response: cancelled, input, streamed }, tx);
      await database.notify(tx, JOBS_CHANNEL, id);
      if (streamed) await appendEvents(this.#events, owner, id, await lastWords(this.#events, principal, id, new TandemError('response_cancelled'), cancelled), tx);
    });
    return shown((await this.#archive.find(principal, id)).response, []);
  }

  /**
   * Whether the response is kept: it is unless the caller or a setting says no.
   * @throws TandemError store_off when a setting says no and the call cannot do without.
   */
  #stores(principal: Principal, body: JsonObject): boolean {
    const { content, directory } = this.#options;
    if (body['background'] === true) {
      if (body['store'] === false) throw invalid('store', 'must not be false with background: the response is fetched later');
      content.demandKept(principal, 'background: true');
      return true;
    }
    if (body['store'] === false) return false;
    if (body['store'] === true) content.demandKept(principal, 'store: true');
    return content.keeps(principal.organisationId, directory.projectFor(principal));
  }

  /** Keeps a response that was answered. Where that fails its end says so: the answer itself is charged and the caller's. */
  async #keep(call: CallInput, observed: Observed, input: readonly JsonObject[], end: string): Promise<string> {
    const { writer } = observed;
    const response = writer?.kept;
    if (!response || !isWell(response)) return end;
    try {
      await this.#archive.keep(this.#ownerOf(call.principal), { response, input });
      return end;
    } catch (error) {
      this.#options.log.error({ call: call.requestId, reason: error instanceof Error ? error.message : 'unknown' }, 'a response could not be kept');
      return writer!.unkept?.() ?? end;
    }
  }

  async #enqueue(call: CallInput, request: NeutralRequest, body: JsonObject, input: readonly JsonObject[], sink: ReplySink): Promise<void> {
    const { principal, requestId } = call;
    const { clock, database, content, demandModel } = this.#options;
    demandModel(principal, request.model);
    const id = responseId(requestId);
    const nowMs = clock.nowMs();
    const response: JsonObject = {
      ...envelope(request, { id: requestId, createdAtMs: nowMs, alias: request.model, serviceTier: 'default' }), status: 'queued',
    };
    const owner = this.#ownerOf(principal);
    await database.transaction(async (tx) => {
      const kept: KeptResponse = { response, input, body, streamed: request.stream };
      // Purged in the moment between: it is as if it had waited then.
      if (await content.put({ ...owner, purpose: 'background', id, beganMs: beganMs(id), value: JSON.stringify(kept) }, tx) === null) return;
      await this.#jobs.add({ ...owner, id, memberId: owner.keyId === null && principal.actor.kind === 'member' ? principal.actor.id : null, streamed: request.stream }, nowMs, tx);
      await database.notify(tx, JOBS_CHANNEL, 'new');
    });
    if (request.stream) return followEvents({ ...this.#events, jobs: this.#jobs, watch: this.#watch }, principal, id, -1, sink, signalOf(call.signal));
    sink.head(200, JSON_HEADERS);
    sink.end(JSON.stringify(shown(response, [])));
  }

  #ownerOf(principal: Principal) {
    return { organisationId: principal.organisationId, projectId: this.#options.directory.projectFor(principal), keyId: principal.keyId };
  }
}

/** Whether it may be gone on from. */
function isWell({ status }: JsonObject): boolean {
  return status === 'completed' || status === 'incomplete';
}

/** Every result must be that of a call before it. What a compaction stands for may hold any. @throws TandemError invalid_request */
function demandCalls(input: unknown): void {
  if (!Array.isArray(input) || input.some((item: unknown) => isObject(item) && item['type'] === 'compaction')) return;
  const called = new Set<unknown>();
  input.forEach((item: unknown) => {
    if (!isObject(item)) return;
    const { type, call_id: id } = item;
    if (type === 'function_call' || type === 'custom_tool_call') called.add(id);
    else if ((type === 'function_call_output' || type === 'custom_tool_call_output') && !called.has(id)) throw invalid('input', `holds the result of a call ${JSON.stringify(id)} that nobody made before`);
  });
}

/** A response as its caller sees it. */
function shown(response: JsonObject, include: readonly string[]): JsonObject {
  const output = Array.isArray(response['output']) ? response['output'] : [];
  return { ...response, output: output.map((item: unknown) => shownItem(item, include.includes(ENCRYPTED))) };
}
