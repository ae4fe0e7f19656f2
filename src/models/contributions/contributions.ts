import { TandemError, uuidTimeMs, type Clock, type Logger } from '../../base/index.ts';
import { demand } from '../../access/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import type { ContentStore } from '../content/index.ts';
import type { DialectIn } from '../neutral/parts.ts';
import type { AccessPort, Principal } from '../ports.ts';
import type { ReplySink } from '../reply-sink.ts';
import type { CallInput } from '../run/call.ts';
import { CopyingSink } from './copying-sink.ts';
import { Losses } from './losses.ts';

export interface ContributionsOptions {
  readonly database: Database;
  readonly access: AccessPort;
  readonly store: ContentStore;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A request and its reply, as a consenting project gave them. */
export interface Contribution {
  /** The call's id. */
  readonly id: string;
  readonly dialect: DialectIn;
  readonly request: unknown;
  /** JSON, or the events of a stream as they were sent. */
  readonly reply: string;
  readonly streamed: boolean;
}

/** Of one project. What was not kept is counted over all time. */
export interface ContributionFigures {
  readonly kept: number;
  readonly notKept: { readonly tooMany: string; readonly tooLarge: string; readonly failed: string };
  readonly lastNotKeptAt: string | null;
}

type Answer = (dialect: DialectIn, input: CallInput, sink: ReplySink) => Promise<void>;

const MOST_CHARACTERS = 1_000_000;
/** Contributions that wait for the database. More are not kept: calls go before them. */
const MOST_WAITING = 200;

/**
 * Keeps the calls of consenting projects, after their replies have ended and beside the next ones: no statement stands
 * between a request and its reply. Whether the project consents is asked again where it is written.
 */
export class Contributions {
  readonly #options: ContributionsOptions;
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;
  /** What was not kept, and why. */
  readonly losses: Losses;

  constructor(options: ContributionsOptions) {
    this.#options = options;
    this.losses = new Losses(options);
  }

  /** The same answer, with its copy kept where the caller's project consents. */
  keeping(answer: Answer): Answer {
    return (dialect, input, sink) => {
      const { projectId } = input.principal;
      const kept = projectId !== null && this.#options.access.directory.project(projectId)?.tier === 'contributor';
      return kept ? this.#answerAndKeep(answer, dialect, input, sink, projectId) : answer(dialect, input, sink);
    };
  }

  async #answerAndKeep(answer: Answer, dialect: DialectIn, input: CallInput, sink: ReplySink, projectId: string): Promise<void> {
    const beganMs = this.#options.clock.nowMs();
    const copying = new CopyingSink(sink, MOST_CHARACTERS);
    await answer(dialect, input, copying);
    const { chunks } = copying;
    if (copying.tooLarge) this.losses.note(input.principal.organisationId, projectId, 'too_large');
    if (chunks !== undefined) this.#later(input, projectId, beganMs, { id: input.requestId, dialect, request: input.body, reply: chunks.join(''), streamed: copying.headers['content-type']?.startsWith('text/event-stream') ?? false });
  }

  /** What was kept by consent, and comments and edits with it. */
  async removeOf(tx: Executor, organisationId: string, projectId: string): Promise<number> {
    const removed = await this.#options.store.removeAll(tx, organisationId, projectId, ['contribution', 'feedback']);
    await this.#options.database.scoped(organisationId, tx).updateTable('feedback').set({ content_id: null }).where('project_id', '=', projectId).execute();
    return removed;
  }

  /** Resolves when what waits is written. */
  async settled(): Promise<void> {
    await this.#tail;
    await this.losses.written();
  }

  /** How much of a project's calls is kept by its consent now, and how much was not. @throws TandemError resource_not_found. */
  async figures(principal: Principal, projectId: string): Promise<ContributionFigures> {
    demand(principal, 'projects.read');
    const { access: { directory }, store } = this.#options;
    const { organisationId } = principal;
    if (directory.project(projectId)?.organisationId !== organisationId || (principal.projectId !== null && principal.projectId !== projectId)) throw new TandemError('resource_not_found', { params: { kind: 'project', id: projectId, verb: 'projects' } });
    const [totals, { calls, lastAt }] = await Promise.all([store.totals(principal), this.losses.of(organisationId, projectId)]);
    const kept = totals.find((total) => total.projectId === projectId && total.purpose === 'contribution');
    return { kept: kept?.count ?? 0, notKept: { tooMany: calls.too_many, tooLarge: calls.too_large, failed: calls.failed }, lastNotKeptAt: lastAt };
  }

  #later(input: CallInput, projectId: string, beganMs: number, contribution: Contribution): void {
    if (this.#waiting >= MOST_WAITING) {
      this.losses.note(input.principal.organisationId, projectId, 'too_many');
      return;
    }
    this.#waiting += 1;
    this.#tail = this.#tail.then(() => this.#keep(input, projectId, beganMs, contribution)).finally(() => { this.#waiting -= 1; });
  }

  async #keep({ principal: { organisationId, keyId } }: CallInput, projectId: string, beganMs: number, contribution: Contribution): Promise<void> {
    const { database, access, store, log } = this.#options;
    try {
      const value = JSON.stringify(contribution);
      await database.transaction(async (tx) => {
        if (!(await access.consents.holds(tx, organisationId, projectId, beganMs))) return;
        // A call begins with its id: one in the background may have waited before it was answered.
        await store.put({ organisationId, projectId, keyId, purpose: 'contribution', beganMs: Math.min(beganMs, uuidTimeMs(contribution.id)), id: `contribution_${contribution.id}`, belongsTo: contribution.id, value }, tx);
      });
    } catch (error) {
      this.losses.note(organisationId, projectId, 'failed');
      log.warn({ call: contribution.id, reason: error instanceof Error ? error.message : 'unknown' }, 'a contribution could not be kept');
    }
  }
}
