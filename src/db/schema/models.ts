// Table types of this room, by table name.
export type ModelsTables = Record<never, never>;
