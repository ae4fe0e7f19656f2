import type { ColumnType } from 'kysely';

/** A stretch in which a machine waited for a person, or a step that somebody did by hand. */
export interface OperatorWorkRow {
  organisation_id: string;
  id: string;
  /**
   * `approval`: its pool is open to others, and nobody has looked at it; `quarantined`, `sick`: somebody has to look; `order`: a step of an order
   * needs somebody; `setup`: from the line that was made by hand until the node could be leased; `step`: done by hand, of no length.
   */
  kind: ColumnType<'approval' | 'quarantined' | 'sick' | 'order' | 'setup' | 'step', 'approval' | 'quarantined' | 'sick' | 'order' | 'setup' | 'step', never>;
  /** The id of the node or order. */
  subject: ColumnType<string, string, never>;
  name: ColumnType<string, string, never>;
  /** Why, or which step. */
  detail: string;
  since: ColumnType<Date, Date, never>;
  /** Null: it still waits. */
  until: Date | null;
  /** Minutes that are in the books. */
  recorded_minutes: number;
  /** When all of it was in the books; null: not yet. */
  recorded_at: Date | null;
}

export interface OperatorTables {
  operator_work: OperatorWorkRow;
}
