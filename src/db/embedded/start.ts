import type { Clock, Logger } from '../../base/index.ts';
import { BringUp, type Server } from './bring-up.ts';
import { connectionTo, type EmbeddedConnection } from './connection.ts';
import { explainFileError } from './failure.ts';
import { keepRunning } from './keep-running.ts';
import { layoutOf } from './layout.ts';
import type { PostgresPackage } from './package.ts';
import { isServerOf, sendSignal, stopServer } from './postmaster.ts';
import { openSocketPath } from './socket-path.ts';

export interface EmbeddedPostgresOptions {
  /** TANDEM_HOME. The caller holds its lock (`lockHome`). Must exist or be possible to make. */
  readonly home: string;
  readonly log: Logger;
  readonly clock: Clock;
  /** Aborting while it starts stops what was started, then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** More Postgres settings, by their names there. Tests use `fsync: 'off'`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** How long the server may take until it answers, recovery after a crash included. Default 300 s. */
  readonly startTimeoutMs?: number;
  /** The programs' package; found by platform when not given. */
  readonly source?: PostgresPackage;
  /** Start the server again when it ends by itself. Default true. */
  readonly watch?: boolean;
}

export interface EmbeddedPostgres {
  /** Stays valid for as long as this process lives, also after the server was started again. */
  readonly connection: EmbeddedConnection;
  /** True when a server was already running on this home, left by a process that was killed. */
  readonly adopted: boolean;
  /** The postmaster's process number, as of now. */
  readonly pid: number;
  /** Fast shutdown; immediate when that takes longer than 30 s. Returns when the process is gone. May be called twice. */
  stop(): Promise<void>;
  /** For who ends this very moment and waits for nothing: immediate shutdown. The next start recovers from the log. */
  abandon(): void;
}

/**
 * Starts the embedded Postgres of a home, or adopts the one that already runs there. The server
 * runs in a session of its own, so a Ctrl-C meant for us does not reach it; it ends by `stop`.
 * Every failure is a TandemError, and leaves no process behind that this call started.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { log, clock } = options;
  const layout = layoutOf(options.home);
  const bringUp = async (signal: AbortSignal | undefined): Promise<Server> => {
    try {
      return await new BringUp({ ...options, signal }, layout).run();
    } catch (error) {
      signal?.throwIfAborted();
      throw explainFileError(error, layout);
    }
  };

  const first = await bringUp(options.signal);
  const socket = openSocketPath(layout.data);
  const watching = new AbortController();
  let pid = first.pid;
  const watch = options.watch === false ? Promise.resolve() : keepRunning({
    isRunning: () => isServerOf(pid, layout.data),
    startAgain: async () => {
      pid = (await bringUp(watching.signal)).pid;
    },
    clock,
    log,
    signal: watching.signal,
  });

  const stop = async (): Promise<void> => {
    watching.abort();
    await watch;
    const how = await stopServer(pid, layout.data, clock);
    socket.close();
    log.info({ pid, how }, 'stopped the embedded database');
  };
  let stopping: Promise<void> | undefined;
  return {
    connection: connectionTo(socket.host, first.password),
    adopted: first.adopted,
    get pid() {
      return pid;
    },
    stop: () => (stopping ??= stop()),
    abandon: () => {
      if (isServerOf(pid, layout.data)) sendSignal(pid, 'SIGQUIT');
    },
  };
}
