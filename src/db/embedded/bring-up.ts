import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TandemError, type Clock, type Logger } from '../../base/index.ts';
import { createCluster, resetPassword, type ClusterOptions } from './cluster.ts';
import { connectionTo } from './connection.ts';
import { databaseUser, repairOwnership, type DatabaseUser } from './database-user.ts';
import { explainOutput, saysInUse } from './failure.ts';
import { dataVersion, prepareLayout, readOrMakePassword, requireMajor, type Layout } from './layout.ts';
import { findPostgresPackage, type PostgresPackage } from './package.ts';
import { LOCK_FILES, isServerOf, readPostmasterFile, stopServer, waitUntil } from './postmaster.ts';
import { probe } from './probe.ts';
import { commandLine, existsInTable, isAlive } from './process-table.ts';
import { copyPlaces, findRuntime, type Runtime } from './runtime.ts';
import { openSocketPath } from './socket-path.ts';
import { spawnServer } from './spawn-server.ts';

export interface BringUpOptions {
  readonly log: Logger;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  readonly settings?: Readonly<Record<string, string>> | undefined;
  readonly startTimeoutMs?: number | undefined;
  readonly source?: PostgresPackage | undefined;
}

/** A server that answers. */
export interface Server {
  readonly pid: number;
  readonly adopted: boolean;
  readonly password: string;
}

const INITDB_TIMEOUT_MS = 120_000;
const START_TIMEOUT_MS = 300_000;
/** A server that was killed leaves backends that end by themselves; they hold the data directory until then. */
const IN_USE_TIMEOUT_MS = 30_000;

/** One attempt to have the server of a home running: adopted, or started anew. */
export class BringUp {
  readonly #options: BringUpOptions;
  readonly #layout: Layout;
  readonly #deadlineMs: number;
  #passwordReset = false;
  #runtime: Runtime | undefined;

  constructor(options: BringUpOptions, layout: Layout) {
    this.#options = options;
    this.#layout = layout;
    this.#deadlineMs = options.clock.monotonicMs() + (options.startTimeoutMs ?? START_TIMEOUT_MS);
  }

  async run(): Promise<Server> {
    const { signal, clock } = this.#options;
    signal?.throwIfAborted();
    const source = this.#options.source ?? findPostgresPackage();
    await prepareLayout(this.#layout);
    const password = await readOrMakePassword(this.#layout);
    const user = databaseUser(this.#layout.data);

    const found = await dataVersion(this.#layout);
    if (found === 'absent') {
      await createCluster(await this.#cluster(source, user, password));
    } else {
      requireMajor(this.#layout, found, source.major);
      repairOwnership(user, this.#layout.data);
    }

    const inUseUntilMs = clock.monotonicMs() + IN_USE_TIMEOUT_MS;
    for (;;) {
      signal?.throwIfAborted();
      const adopted = await this.#adopt(password, source, user);
      if (adopted !== undefined) return adopted;
      const started = await this.#startServer(await this.#cluster(source, user, password));
      if (started !== 'in_use') return started;
      if (clock.monotonicMs() > inUseUntilMs) throw this.#inUse('another process that holds its shared memory');
      await clock.sleep(100, signal);
    }
  }

  async #cluster(source: PostgresPackage, user: DatabaseUser | undefined, password: string): Promise<ClusterOptions> {
    const { signal, settings } = this.#options;
    this.#runtime ??= await findRuntime({ source, user, copyTo: copyPlaces(user, this.#layout.root), signal });
    return { layout: this.#layout, runtime: this.#runtime, user, password, sync: settings?.['fsync'] !== 'off', signal, timeoutMs: INITDB_TIMEOUT_MS };
  }

  /** The running server of this data directory, once it answers. `undefined` when a new one must be started. */
  async #adopt(password: string, source: PostgresPackage, user: DatabaseUser | undefined): Promise<Server | undefined> {
    const { data } = this.#layout;
    const file = readPostmasterFile(data);
    if (file === undefined || !isServerOf(file.pid, data)) {
      await this.#clearStale(password);
      return undefined;
    }
    const answer = await this.#untilAnswers(file.pid, password);
    if (answer === 'gone') return undefined;
    if (answer === 'wrong_password') {
      await stopServer(file.pid, data, this.#options.clock);
      await this.#resetPassword(await this.#cluster(source, user, password));
      return undefined;
    }
    this.#options.log.info({ pid: file.pid }, 'adopted the running embedded database');
    return { pid: file.pid, adopted: true, password };
  }

  /**
   * Lock files whose server is gone. Postgres clears them by itself, except where their number is
   * taken by some other process of the same user: that it would take for a live server.
   */
  async #clearStale(password: string): Promise<void> {
    const { data } = this.#layout;
    for (const name of LOCK_FILES) {
      const pid = readPostmasterFile(data, name)?.pid;
      if (pid === undefined) continue;
      if (isServerOf(pid, data)) return;
      const changed = (): boolean => readPostmasterFile(data, name)?.pid !== pid;
      // A server in another container shares our files but not our process numbers.
      const answers = await this.#anyoneAnswers(password);
      if (changed()) return;
      if (answers) throw this.#inUse('a server that is not on this process list (another container?)');
      if (!existsInTable(pid)) continue;
      // Without a command line it is ending right now, or a zombie, or hidden from us.
      const seen = await waitUntil(() => !isAlive(pid) || commandLine(pid) !== '', { clock: this.#options.clock, timeoutMs: 3_000 });
      if (changed()) return;
      if (!seen) throw this.#inUse(`process ${pid}, which this system hides`);
      this.#options.log.info({ pid, file: name }, 'cleared the lock of a database that was killed; its process number is taken');
      await rm(join(data, name), { force: true });
    }
  }

  async #anyoneAnswers(password: string): Promise<boolean> {
    const socket = openSocketPath(this.#layout.data);
    try {
      return (await probe(connectionTo(socket.host, password))).kind !== 'silent';
    } finally {
      socket.close();
    }
  }

  async #startServer(cluster: ClusterOptions): Promise<Server | 'in_use'> {
    const { clock, log, signal, settings } = this.#options;
    const { data } = this.#layout;
    const beganMs = clock.monotonicMs();
    const { pid, output } = await spawnServer(cluster, settings ?? {});
    try {
      const answer = await this.#untilAnswers(pid, cluster.password);
      if (answer === 'gone') {
        const printed = await output();
        if (saysInUse(printed)) return 'in_use';
        throw explainOutput(printed, this.#layout);
      }
      if (answer === 'wrong_password') {
        await stopServer(pid, data, clock);
        await this.#resetPassword(cluster);
        return 'in_use';
      }
    } catch (error) {
      await stopServer(pid, data, clock, { fastMs: 2_000, immediateMs: 3_000 });
      throw error;
    }
    signal?.throwIfAborted();
    log.info({ pid, tookMs: Math.round(clock.monotonicMs() - beganMs) }, 'started the embedded database');
    return { pid, adopted: false, password: cluster.password };
  }

  /** Waits until this server answers with our password, has gone, or the time is up. */
  async #untilAnswers(pid: number, password: string): Promise<'answers' | 'wrong_password' | 'gone'> {
    const { clock, signal } = this.#options;
    const { data } = this.#layout;
    const socket = openSocketPath(data);
    let answer: 'answers' | 'wrong_password' | 'gone' | undefined;
    try {
      await waitUntil(
        async () => {
          if (!isServerOf(pid, data)) answer = 'gone';
          // Asking before it says "ready" would only fill its log with refusals.
          else if (isReady(data, pid)) {
            const found = await probe(connectionTo(socket.host, password));
            if (found.kind === 'answers' && found.pid === pid) answer = 'answers';
            if (found.kind === 'wrong_password') answer = 'wrong_password';
          }
          return answer !== undefined;
        },
        { clock, timeoutMs: Math.max(0, this.#deadlineMs - clock.monotonicMs()), signal },
      );
    } finally {
      socket.close();
    }
    if (answer !== undefined) return answer;
    throw new TandemError('database_timeout', {
      params: { step: 'answer', seconds: Math.round((this.#options.startTimeoutMs ?? START_TIMEOUT_MS) / 1000), log: this.#layout.log },
    });
  }

  async #resetPassword(cluster: ClusterOptions): Promise<void> {
    if (this.#passwordReset) throw new TandemError('database_start_failed', { params: { reason: 'it refuses our password', log: this.#layout.log } });
    this.#passwordReset = true;
    this.#options.log.warn({ file: this.#layout.password }, 'the password file and the database disagreed; the file holds now');
    await resetPassword(cluster);
  }

  #inUse(holder: string): TandemError {
    return new TandemError('database_in_use', { params: { path: this.#layout.data, holder } });
  }
}

function isReady(dataDirectory: string, pid: number): boolean {
  const file = readPostmasterFile(dataDirectory);
  return file !== undefined && file.pid === pid && file.status === 'ready';
}
