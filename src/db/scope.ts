import type { DeleteQueryBuilder, InsertQueryBuilder, Insertable, Kysely, SelectQueryBuilder, UpdateQueryBuilder } from 'kysely';
import type { Schema, ScopedTable } from './schema.ts';

/** A Kysely instance or a transaction of one. */
export type Executor = Kysely<Schema>;

/**
 * The database as one organisation sees it: every query made here is bound to its
 * `organisation_id`. This file is the one place where that is done.
 */
export interface Scoped {
  readonly organisationId: string;
  selectFrom<T extends ScopedTable>(table: T): SelectQueryBuilder<Schema, T, Record<never, never>>;
  /** Inserts rows as this organisation's; a row cannot name another. */
  insertInto<T extends ScopedTable>(table: T, rows: OwnRow<T> | readonly OwnRow<T>[]): InsertQueryBuilder<Schema, T, Record<never, never>>;
  updateTable<T extends ScopedTable>(table: T): UpdateQueryBuilder<Schema, T, T, Record<never, never>>;
  deleteFrom<T extends ScopedTable>(table: T): DeleteQueryBuilder<Schema, T, Record<never, never>>;
}

/** A row to insert, without the column that the scope fills. */
export type OwnRow<T extends ScopedTable> = Omit<Insertable<Schema[T]>, 'organisation_id'>;

export function scopeTo(executor: Executor, organisationId: string): Scoped {
  // Kysely's types cannot follow a table name that is still a type parameter, so the builders are
  // handled here through the narrow forms below and given their exact types back at the face.
  const untyped = executor as unknown as UntypedExecutor;
  const column = (table: string) => `${table}.organisation_id`;
  return {
    organisationId,
    selectFrom: (table) => untyped.selectFrom(table).where(column(table), '=', organisationId) as never,
    insertInto: (table, rows) => {
      const own = (row: object) => ({ ...row, organisation_id: organisationId });
      return untyped.insertInto(table).values(Array.isArray(rows) ? rows.map(own) : own(rows)) as never;
    },
    updateTable: (table) => untyped.updateTable(table).where(column(table), '=', organisationId) as never,
    deleteFrom: (table) => untyped.deleteFrom(table).where(column(table), '=', organisationId) as never,
  };
}

interface Filtered {
  where(column: string, operator: '=', value: string): unknown;
}

interface UntypedExecutor {
  selectFrom(table: string): Filtered;
  insertInto(table: string): { values(rows: object | object[]): unknown };
  updateTable(table: string): Filtered;
  deleteFrom(table: string): Filtered;
}
