import type { Selectable } from 'kysely';
import type { Executor, Schema } from '../../db/index.ts';

type Row = Selectable<Schema['lease_quotas']>;
type Held = Pick<Selectable<Schema['leases']>, 'organisation_id' | 'project_id'>;

/** The quotas of an organisation, or of a project and its organisation, locked until the transaction ends; by their ids, so that no two wait for each other. */
export async function lockQuotas(tx: Executor, scopes: readonly string[]): Promise<Row[]> {
  return tx.selectFrom('lease_quotas').selectAll().where('scope_id', 'in', scopes).orderBy('id').forUpdate().execute();
}

/** Says of locked quotas that more of them is used: what somebody has counted before is not so any more. */
export async function useQuotas(tx: Executor, rows: readonly Pick<Row, 'id'>[]): Promise<void> {
  if (rows.length > 0) await tx.updateTable('lease_quotas').set((row) => ({ revision: row('revision', '+', '1') })).where('id', 'in', rows.map(({ id }) => id)).execute();
}

/** The quotas as a round of placement has counted them. Where one was set, or used by somebody else, since then, nothing is given by that count. */
export class QuotaWatch {
  readonly #revisions: Map<string, string>;

  constructor(rows: readonly Pick<Row, 'id' | 'revision'>[]) {
    this.#revisions = new Map(rows.map(({ id, revision }) => [id, revision]));
  }

  /**
   * Uses the quotas that hold a lease, in the transaction that gives it machines.
   * @returns what to call once that is committed; undefined: they are not as they were counted, and the transaction gives nothing.
   */
  async use(tx: Executor, { organisation_id, project_id }: Held): Promise<(() => void) | undefined> {
    const rows = await lockQuotas(tx, [organisation_id, project_id]);
    if (rows.some(({ id, revision }) => this.#revisions.get(id) !== revision)) return undefined;
    await useQuotas(tx, rows);
    return () => { for (const { id, revision } of rows) this.#revisions.set(id, String(BigInt(revision) + 1n)); };
  }
}
