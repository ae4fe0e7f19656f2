// Table types of this room, by table name.
export type LedgerTables = Record<never, never>;
