// Table types of this room, by table name.
export type AccessTables = Record<never, never>;
