// Table types of this room, by table name.
export type BooksTables = Record<never, never>;
