export { openDatabase, type Connection, type Database } from './database.ts';
export { RESYNC, type ChannelHandler } from './channel.ts';
export { migrate, type Migration } from './migrate.ts';
export type { Executor, OwnRow, Scoped } from './scope.ts';
export type { Schema } from './schema.ts';
export { dumpTables, type DumpManifest } from './backup/dump.ts';
export { restoreTables } from './backup/restore.ts';
export { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded/index.ts';
export { startPeriodic, type PeriodicTask } from './periodic.ts';
