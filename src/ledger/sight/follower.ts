import { sql } from 'kysely';
import type { Database, Executor } from '../../db/index.ts';
import { payloadOf } from '../events/announce.ts';
import { fold } from './fold.ts';
import { foldMachineCosts } from './machine-costs.ts';
import { foldWeeks, weeksDue } from './fold-weeks.ts';

/** Events per transaction: large enough that a sum is written once for many of them, short enough to stop at any time. */
const PAGE = 20_000n;

interface Behind {
  id: string;
  posted: string;
  mark: string;
}

/**
 * Follows the usage events of every log, some moments behind the poster, and keeps the sums that the pages Spend and
 * Latency read. Apart from the poster, so that posting never waits for it; all of it happens in Postgres. Its state
 * is one mark per log, moved in the transaction that adds to the sums.
 */
export class SightFollower {
  readonly #database: Pick<Database, 'unscoped' | 'transaction' | 'notify'>;
  readonly #page: bigint;

  constructor(database: Pick<Database, 'unscoped' | 'transaction' | 'notify'>, page = PAGE) {
    this.#database = database;
    this.#page = page;
  }

  /** Brings the sums up to what is posted now. */
  async catchUp(signal?: AbortSignal): Promise<void> {
    const executor = this.#database.unscoped('logs hold the events of every organisation');
    const { rows } = await sql<Behind>`select e.id, e.posted_sequence::text as posted, coalesce(m.sequence, 0)::text as mark
      from epochs e left join sight_marks m on m.epoch_id = e.id where e.posted_sequence > coalesce(m.sequence, 0) order by e.id`.execute(executor);
    const changed = new Set<string>();
    for (const { id, posted, mark } of rows) {
      let after = BigInt(mark);
      while (after < BigInt(posted)) {
        if (signal?.aborted) return;
        const step = await this.#step(id, after, BigInt(posted));
        after = step.mark;
        for (const organisationId of step.changed) changed.add(organisationId);
      }
    }
    for (const { organisation_id } of await weeksDue(executor, [...changed])) await this.#weeks(organisation_id);
    while (!signal?.aborted && (await this.#machines()) === Number(this.#page));
  }

  /** Makes all sums anew. They grow again while it runs, so pages show too little until it is done. */
  async rebuild(): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await sql`lock table sight_marks in exclusive mode`.execute(tx);
      await sql`update machine_costs set counted = false where counted`.execute(tx);
      for (const table of ['spend_days', 'spend_weeks', 'spend_week_marks', 'spend_keys', 'spend_words', 'spend_labels', 'spend_hours', 'latency_rollups', 'sight_marks']) await sql`delete from ${sql.table(table)}`.execute(tx);
    });
    await this.catchUp();
  }

  /** @returns where the mark stands after it, and whose sums changed: another process may have moved it further. */
  #step(epochId: string, after: bigint, posted: bigint): Promise<{ readonly mark: bigint; readonly changed: readonly string[] }> {
    return this.#database.transaction(async (tx) => {
      const mark = await takeMark(tx, epochId);
      if (mark !== after) return { mark, changed: [] };
      const upTo = after + this.#page < posted ? after + this.#page : posted;
      // In Postgres' default of 4 MB a page of events is sorted on disk.
      await sql`set local work_mem = '64MB'`.execute(tx);
      await sql`set local jit = off`.execute(tx);
      const changed = await fold(tx, { epochId, after, upTo });
      await sql`update sight_marks set sequence = ${String(upTo)} where epoch_id = ${epochId}`.execute(tx);
      await this.#told(tx, changed);
      return { mark: upTo, changed };
    });
  }

  /** What machines cost for calls that are in the sums, apart from the steps: it is known some minutes later. @returns how many parts were added. */
  #machines(): Promise<number> {
    return this.#database.transaction(async (tx) => {
      const { rows } = await sql`select from machine_costs where not counted limit 1`.execute(tx);
      if (rows.length === 0) return 0;
      // Alone: a step takes rows of the same sums in another order, and who makes them anew begins with this lock, too.
      await sql`lock table sight_marks in share row exclusive mode`.execute(tx);
      await sql`set local work_mem = '64MB'`.execute(tx);
      const { counted, organisations } = await foldMachineCosts(tx, Number(this.#page));
      await this.#told(tx, organisations);
      return counted;
    });
  }

  /** Alone, too: a step that runs meanwhile would add to a day that is not in its week yet. */
  #weeks(organisationId: string): Promise<void> {
    return this.#database.transaction(async (tx) => {
      await sql`lock table sight_marks in share row exclusive mode`.execute(tx);
      await sql`set local work_mem = '64MB'`.execute(tx);
      await foldWeeks(tx, organisationId);
    });
  }

  async #told(tx: Executor, organisations: readonly string[]): Promise<void> {
    if (organisations.length > 0) await this.#database.notify(tx, 'sight', payloadOf(organisations.map((organisationId) => ({ organisationId }))));
  }
}

async function takeMark(tx: Executor, epochId: string): Promise<bigint> {
  await sql`insert into sight_marks (epoch_id, sequence) values (${epochId}, 0) on conflict do nothing`.execute(tx);
  const { rows } = await sql<{ sequence: string }>`select sequence::text as sequence from sight_marks where epoch_id = ${epochId} for update`.execute(tx);
  return BigInt(rows[0]!.sequence);
}
