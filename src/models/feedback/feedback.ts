import { sql } from 'kysely';
import { TandemError, isTandemError, uuidTimeMs, type Clock } from '../../base/index.ts';
import { can, demand } from '../../access/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import type { ContentStore } from '../content/index.ts';
import type { AccessPort, LedgerPort, Principal } from '../ports.ts';
import { readFeedback, type GivenFeedback } from './feedback-form.ts';

export interface FeedbackOptions {
  readonly database: Database;
  readonly access: AccessPort;
  readonly ledger: Pick<LedgerPort, 'sight'>;
  readonly store: ContentStore;
  readonly clock: Clock;
  readonly newId: () => string;
}

export interface FeedbackObject {
  readonly id: string;
  readonly object: 'feedback';
  readonly reply_id: string;
  readonly kind: string;
  readonly rating: number | null;
  readonly outcome: string | null;
  readonly scenario: string | null;
  /** Whether comment and edit were kept: only a project that consents keeps them. */
  readonly content_kept: boolean;
  /** Unix seconds. */
  readonly created_at: number;
  readonly updated_at: number;
}

export interface ScenarioSummary {
  readonly scenario: string;
  readonly calls: string;
  readonly failed: string;
  readonly refusals: string;
  readonly firstTokenP50Ms: number | null;
  readonly wholeP50Ms: number | null;
  readonly wholeP95Ms: number | null;
  readonly charge: string;
  /** Absent: the caller does not see costs. */
  readonly cost?: string;
  readonly costUnknown?: string;
  readonly said: { readonly count: number; readonly rated: number; readonly meanRating: number | null; readonly up: number; readonly down: number; readonly outcomes: Readonly<Record<string, number>> };
}

/** A call is in the books a moment after its reply. */
const POSTED_WITHIN_MS = 3_000;
const LOOK_MS = 100;
const NOTHING_SAID: ScenarioSummary['said'] = { count: 0, rated: 0, meanRating: null, up: 0, down: 0, outcomes: {} };
const NO_CALLS = { calls: '0', failed: '0', refusals: '0', firstTokenP50Ms: null, wholeP50Ms: null, wholeP95Ms: null, charge: '0' };

/** What is said of replies, tied to their usage events. */
export class Feedback {
  readonly #options: FeedbackOptions;

  constructor(options: FeedbackOptions) {
    this.#options = options;
  }

  /**
   * Notes it, or replaces what the same author said of the same kind about the same reply before.
   * @throws TandemError invalid_request, content_not_found for a reply that is none of the caller's project.
   */
  async give(principal: Principal, body: unknown, signal: AbortSignal): Promise<FeedbackObject> {
    const { database, access, store, clock, newId } = this.#options;
    const given = readFeedback(body);
    const now = new Date(clock.nowMs());
    const event = await this.#find(principal, given, signal);
    const author = given.author ?? principal.keyId ?? principal.actor.id ?? 'session';
    const row = await database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      // The project before what was said: a purge and a withdrawal of consent take them in this order too.
      const keeps = (given.comment !== null || given.edit !== null) && await access.consents.holds(tx, principal.organisationId, event.projectId);
      const before = await own.selectFrom('feedback').select(['id', 'content_id']).where('event_id', '=', given.eventId).where('author', '=', author).where('kind', '=', given.kind).forUpdate().executeTakeFirst();
      const id = before?.id ?? newId();
      if (before?.content_id != null) await store.drop(principal.organisationId, before.content_id, tx);
      const contentId = keeps ? await this.#keepContent(tx, principal, event.projectId, id, given, now.getTime()) : null;
      const said = { rating: given.rating, outcome: given.outcome, scenario: given.scenario ?? event.scenario, resource: event.model, content_id: contentId, updated_at: now };
      const [after] = await own.insertInto('feedback', {
        id, project_id: event.projectId, key_id: principal.keyId, author, event_id: given.eventId, reply_id: given.id, kind: given.kind, created_at: now, ...said,
      }).onConflict((conflict) => conflict.columns(['organisation_id', 'event_id', 'author', 'kind']).doUpdateSet(said)).returningAll().execute();
      return after!;
    });
    return {
      id: row.id, object: 'feedback', reply_id: row.reply_id, kind: row.kind, rating: row.rating, outcome: row.outcome, scenario: row.scenario, content_kept: row.content_id !== null,
      created_at: Math.floor(row.created_at.getTime() / 1000), updated_at: Math.floor(row.updated_at.getTime() / 1000),
    };
  }

  /** Per scenario what was said, and how its calls went: from metadata alone. */
  async summary(principal: Principal, query: { from?: string | undefined; to?: string | undefined; projectId?: string | undefined }): Promise<{ items: ScenarioSummary[]; nextCursor: null }> {
    demand(principal, 'usage.read');
    const { database, ledger, clock } = this.#options;
    const figures = new Map((await ledger.sight.scenarios(principal, query)).map(({ scenario, ...rest }) => [scenario, rest]));
    const toMs = query.to === undefined ? clock.nowMs() : Date.parse(query.to);
    const from = new Date(query.from === undefined ? toMs - 30 * 86_400_000 : Date.parse(query.from));
    const projectId = principal.projectId ?? query.projectId ?? null;
    const { rows } = await sql<{ scenario: string; outcome: string | null; count: number; rated: number; sum: number | null; up: number; down: number }>`
      select coalesce(scenario, '') as scenario, outcome, count(*)::int as count, count(rating)::int as rated, sum(rating) as sum,
        (count(*) filter (where rating > 0))::int as up, (count(*) filter (where rating < 0))::int as down
      from feedback where organisation_id = ${principal.organisationId} and created_at >= ${from} and created_at <= ${new Date(toMs)} and (${projectId}::uuid is null or project_id = ${projectId}::uuid)
      group by 1, 2`.execute(database.unscoped('feedback by organisation, in one statement'));
    const said = new Map<string, { count: number; rated: number; sum: number; up: number; down: number; outcomes: Record<string, number> }>();
    for (const row of rows) {
      const one = said.get(row.scenario) ?? { count: 0, rated: 0, sum: 0, up: 0, down: 0, outcomes: {} };
      said.set(row.scenario, one);
      one.count += row.count;
      one.rated += row.rated;
      one.sum += row.sum ?? 0;
      one.up += row.up;
      one.down += row.down;
      if (row.outcome !== null) one.outcomes[row.outcome] = (one.outcomes[row.outcome] ?? 0) + row.count;
    }
    const names = [...new Set([...figures.keys(), ...said.keys()])];
    const items = names.map((scenario): ScenarioSummary => {
      const one = said.get(scenario);
      return {
        scenario, ...(figures.get(scenario) ?? (can(principal, 'costs.read') ? { ...NO_CALLS, cost: '0', costUnknown: '0' } : NO_CALLS)),
        said: one === undefined ? NOTHING_SAID : { count: one.count, rated: one.rated, meanRating: one.rated === 0 ? null : one.sum / one.rated, up: one.up, down: one.down, outcomes: one.outcomes },
      };
    });
    return { items: items.toSorted((a, b) => Number(b.calls) - Number(a.calls) || b.said.count - a.said.count || (a.scenario < b.scenario ? -1 : 1)), nextCursor: null };
  }

  /** The call behind a reply. It may be on its way into the books, so it is looked for again for a moment. */
  async #find(principal: Principal, { id, eventId }: GivenFeedback, signal: AbortSignal): Promise<{ projectId: string; scenario: string | null; model: string | null }> {
    const { ledger, clock, store } = this.#options;
    const untilMs = clock.monotonicMs() + POSTED_WITHIN_MS;
    for (;;) {
      try {
        const { projectId, scenario, model, outcome } = await ledger.sight.request(principal, eventId);
        if (outcome === 'refused' || projectId === null) throw new TandemError('resource_not_found', { params: { kind: 'reply', id, verb: 'requests' } });
        return { projectId, scenario, model };
      } catch (error) {
        if (!isTandemError(error, 'resource_not_found')) throw error;
        if (clock.monotonicMs() >= untilMs || !this.#isFresh(eventId) || signal.aborted) throw store.missed(principal, 'reply', id);
        await clock.sleep(LOOK_MS, signal).catch(() => {});
      }
    }
  }

  /** Only a call of the last minute can still be on its way. Ids carry their time. */
  #isFresh(eventId: string): boolean {
    return Math.abs(this.#options.clock.nowMs() - uuidTimeMs(eventId)) < 60_000;
  }

  async #keepContent(tx: Executor, principal: Principal, projectId: string, id: string, { comment, edit, eventId }: GivenFeedback, beganMs: number): Promise<string | null> {
    const contentId = `feedback_${id}`;
    const kept = await this.#options.store.put({ organisationId: principal.organisationId, projectId, keyId: principal.keyId, purpose: 'feedback', id: contentId, beganMs, belongsTo: eventId, value: JSON.stringify({ comment, edit }) }, tx);
    return kept && contentId;
  }
}
