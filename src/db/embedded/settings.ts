import type { Layout } from './layout.ts';

export const PORT = 5432;

/**
 * The database's settings, for a small machine that does other work too. Values without a note
 * are Postgres's own advice for solid-state disks.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  // Reachable through its data directory only: no port, and a path that never grows too long.
  listen_addresses: '',
  unix_socket_directories: '.',
  port: String(PORT),
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  max_connections: '60',
  shared_buffers: '128MB',
  effective_cache_size: '512MB',
  random_page_cost: '1.1',
  wal_compression: 'on',
  max_wal_size: '512MB',
  // No helpers per query and no I/O workers: on two cores they take more than they give, and
  // containers have 64 MB of /dev/shm.
  max_parallel_workers_per_gather: '0',
  io_method: 'sync',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  password_encryption: 'scram-sha-256',
  logging_collector: 'off',
  log_destination: 'stderr',
  log_line_prefix: '%m [%p] ',
  // The log must never hold what people sent: no statement texts, no "Key (…)=(…)" details.
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
};

/** How the process table tells our server from another: the data directory's device and inode. */
export function marker(identity: string): string {
  return `tandem.data=${identity}`;
}

/**
 * The server's command line. Settings go here and not into postgresql.conf, because as root we
 * never write into a folder that another user owns.
 */
export function serverArguments(directory: string, identity: string, layout: Layout, extra: Readonly<Record<string, string>>): string[] {
  const all = { ...SETTINGS, ...extra, 'tandem.home': layout.home };
  const words = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // The marker comes first: `ps` may cut long lines.
  return ['-D', directory, '-c', marker(identity), ...words];
}
