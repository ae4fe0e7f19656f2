export type { EmbeddedConnection } from './connection.ts';
export { readPostmasterFile, stopServer } from './postmaster.ts';
export { isAlive } from './process-table.ts';
export { startEmbeddedPostgres, type EmbeddedPostgres, type EmbeddedPostgresOptions } from './start.ts';
