import { noteLease, type LeaseContext } from './context.ts';

interface Evicted {
  readonly id: string;
  readonly organisation_id: string;
  readonly project_id: string;
  readonly name: string;
  /** Of the node. */
  readonly node: string;
  readonly wanted: string;
  readonly wanted_reason: string | null;
  readonly deadline_at: Date | null;
}

const WHY: Readonly<Record<string, string>> = { drain: 'is being emptied', maintain: 'goes into maintenance', remove: 'is being removed' };

/** Leases on nodes that somebody wants empty: their people are told until when they may stay, and after that they are ended. */
export class Evictions {
  readonly #context: Pick<LeaseContext, 'database' | 'clock' | 'newId' | 'deliveries'>;

  constructor(context: Pick<LeaseContext, 'database' | 'clock' | 'newId' | 'deliveries'>) {
    this.#context = context;
  }

  /** Periodic, safe to repeat. What only is promised the machine from later on runs nowhere, and is promised another one. Without a deadline a lease stays as long as it was promised, and only is told of. */
  async look(): Promise<void> {
    const { database, clock } = this.#context;
    const rows = await database.unscoped('nodes of anybody that are to be empty, and who is on them').selectFrom('nodes')
      .innerJoin('lease_machines', (join) => join.on((on) => on(on.cast<string>('nodes.id', 'text'), '=', on.ref('lease_machines.machine_id')))).innerJoin('leases', 'leases.id', 'lease_machines.lease_id')
      .select(['leases.id', 'leases.organisation_id', 'leases.project_id', 'leases.name', 'nodes.name as node', 'nodes.wanted', 'nodes.wanted_reason', 'nodes.deadline_at'])
      .where('nodes.wanted', 'in', ['drain', 'maintain', 'remove']).where('nodes.removed_at', 'is', null).where('lease_machines.stage', 'in', ['held', 'granted']).where('leases.wanted', '=', 'run').where('leases.observed', 'not in', ['reserved', 'ended']).execute();
    for (const row of rows) {
      const isOver = row.deadline_at !== null && row.deadline_at.getTime() <= clock.nowMs();
      await (isOver ? this.#end(row) : this.#tell(row));
    }
  }

  async #end(row: Evicted): Promise<void> {
    const { database } = this.#context;
    const reason = whyOf(row);
    await database.transaction(async (tx) => {
      const ended = await database.scoped(row.organisation_id, tx).updateTable('leases').set({ wanted: 'end', reason }).where('id', '=', row.id).where('wanted', '=', 'run').returning('id').executeTakeFirst();
      if (ended !== undefined) await noteLease(this.#context, tx, row, 'end-asked', reason);
    });
  }

  /** Once for each thing there is to tell: what the lease's page says already is not said again. */
  async #tell(row: Evicted): Promise<void> {
    const { database, deliveries, clock } = this.#context;
    const endsAt = row.deadline_at?.toISOString() ?? null;
    const words = `${whyOf(row)}; ${endsAt === null ? 'the lease may end as it was promised' : `the lease is ended at ${endsAt}`}`.slice(0, 500);
    const own = database.scoped(row.organisation_id);
    const told = await own.selectFrom('lease_events').select('id').where('lease_id', '=', row.id).where('kind', '=', 'node-leaves').where('detail', '=', words).executeTakeFirst();
    if (told !== undefined) return;
    await database.transaction(async (tx) => {
      await noteLease(this.#context, tx, row, 'node-leaves', words);
      const minutesLeft = endsAt === null ? null : Math.max(0, Math.ceil((row.deadline_at!.getTime() - clock.nowMs()) / 60_000));
      await deliveries?.enqueue(tx, row.organisation_id, 'lease.notice', `${row.id} node ${row.node} ${endsAt ?? 'open'}`, { leaseId: row.id, name: row.name, projectId: row.project_id, about: 'ends', endsAt, minutesLeft, moneyShort: false });
    });
  }
}

function whyOf({ node, wanted, wanted_reason }: Evicted): string {
  return `the machine ${node} ${WHY[wanted] ?? 'is taken back'}${wanted_reason === null ? '' : ` (${wanted_reason})`}`;
}
