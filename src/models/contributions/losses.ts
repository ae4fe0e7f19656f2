import { sql } from 'kysely';
import type { Clock, Logger } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';

/** Why a call of a consenting project was not kept: too many waited to be written, it was too large, or the database refused. */
export const LOSSES = ['too_many', 'too_large', 'failed'] as const;
export type Loss = (typeof LOSSES)[number];

export interface LossesOptions {
  readonly database: Pick<Database, 'transaction' | 'scoped'>;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Count {
  readonly organisationId: string;
  readonly projectId: string;
  readonly reason: Loss;
  calls: number;
  lastMs: number;
}

/** Between two writes. A crash loses what came since the last. */
const FLUSH_MS = 1_000;
const AGAIN_MS = 10_000;

/** Calls that were not kept though their project consents, by project and reason. Counted in memory, and added up in the database. */
export class Losses {
  readonly #options: LossesOptions;
  readonly #all: Record<Loss, number> = { too_many: 0, too_large: 0, failed: 0 };
  #counts = new Map<string, Count>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: LossesOptions) {
    this.#options = options;
  }

  /** Of this process since its start, for Prometheus. */
  get all(): Readonly<Record<Loss, number>> {
    return this.#all;
  }

  note(organisationId: string, projectId: string, reason: Loss): void {
    this.#all[reason] += 1;
    this.#add({ organisationId, projectId, reason, calls: 1, lastMs: this.#options.clock.nowMs() });
    this.#timer ??= setTimeout(() => void this.written(), FLUSH_MS);
  }

  /** Writes what was noted; resolves when it is stored, or waits for the next try. */
  written(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const counts = [...this.#counts.values()];
    this.#counts = new Map();
    if (counts.length > 0) {
      this.#writing = this.#writing.then(() => this.#write(counts)).catch((error: unknown) => {
        // A database that refuses is one of the reasons: its count must not be lost by it.
        for (const count of counts) this.#add(count);
        this.#timer ??= setTimeout(() => void this.written(), AGAIN_MS).unref();
        this.#options.log.warn({ reason: (error as Error).message }, 'how many contributions were not kept could not be noted yet');
      });
    }
    return this.#writing;
  }

  /** Of one project, all time. */
  async of(organisationId: string, projectId: string): Promise<{ readonly calls: Readonly<Record<Loss, string>>; readonly lastAt: string | null }> {
    const rows = await this.#options.database.scoped(organisationId).selectFrom('contribution_losses').selectAll().where('project_id', '=', projectId).execute();
    const last = rows.reduce<Date | null>((latest, { last_at: at }) => (latest === null || at > latest ? at : latest), null);
    const of = (reason: Loss) => rows.find((row) => row.reason === reason)?.calls ?? '0';
    return { calls: { too_many: of('too_many'), too_large: of('too_large'), failed: of('failed') }, lastAt: last?.toISOString() ?? null };
  }

  #add(count: Count): void {
    const key = `${count.projectId} ${count.reason}`;
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { ...count });
    else {
      known.calls += count.calls;
      known.lastMs = Math.max(known.lastMs, count.lastMs);
    }
  }

  #write(counts: readonly Count[]): Promise<void> {
    return this.#options.database.transaction(async (tx) => {
      for (const { organisationId, projectId, reason, calls, lastMs } of counts.toSorted((a, b) => (`${a.projectId} ${a.reason}` < `${b.projectId} ${b.reason}` ? -1 : 1))) {
        await sql`insert into contribution_losses as have (organisation_id, project_id, reason, calls, last_at) values (${organisationId}, ${projectId}, ${reason}, ${calls}, ${new Date(lastMs)})
          on conflict (project_id, reason) do update set calls = have.calls + excluded.calls, last_at = greatest(have.last_at, excluded.last_at)`.execute(tx);
      }
    });
  }
}
