import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { TandemError, type Clock, type Logger } from '../../base/index.ts';
import { createCluster, directoryName, resetPassword, type ClusterOptions } from './cluster.ts';
import { databaseEnvironment } from './command.ts';
import { connectionTo } from './connection.ts';
import { databaseUser, repairOwnership, spawnIdentity, type DatabaseUser } from './database-user.ts';
import { explainOutput, saysInUse } from './failure.ts';
import { dataVersion, prepareLayout, readOrMakePassword, requireMajor, rotateLog, type Layout } from './layout.ts';
import { findPostgresPackage, type PostgresPackage } from './package.ts';
import { identityOf, isServerOf, readPostmasterFile, stopServer, waitUntil } from './postmaster.ts';
import { probe } from './probe.ts';
import { commandLine, existsInTable, isAlive } from './process-table.ts';
import { copyPlaces, findRuntime, type Runtime } from './runtime.ts';
import { serverArguments } from './settings.ts';
import { openSocketPath } from './socket-path.ts';

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
    if (file === undefined) return undefined;
    if (!isServerOf(file.pid, data)) {
      await this.#clearStale(file.pid, password);
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
   * A postmaster.pid whose server is gone. Postgres clears it by itself, except where the number
   * now belongs to some other process of the same user: that it would take for a live server.
   */
  async #clearStale(pid: number, password: string): Promise<void> {
    const { data } = this.#layout;
    const changed = (): boolean => readPostmasterFile(data)?.pid !== pid;
    const socket = openSocketPath(data);
    try {
      // A server in another container shares our files but not our process numbers.
      const answer = await probe(connectionTo(socket.host, password));
      if (changed()) return;
      if (answer.kind !== 'silent') throw this.#inUse('a server that is not on this process list (another container?)');
    } finally {
      socket.close();
    }
    if (!existsInTable(pid)) return;
    // Without a command line it is ending right now, or a zombie, or hidden from us.
    const seen = await waitUntil(() => !isAlive(pid) || commandLine(pid) !== '', { clock: this.#options.clock, timeoutMs: 3_000 });
    if (changed()) return;
    if (!seen) throw this.#inUse(`process ${pid}, which this system hides`);
    this.#options.log.info({ pid }, 'the number of a database that was killed now belongs to another process');
    await unlink(join(data, 'postmaster.pid')).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }

  async #startServer(cluster: ClusterOptions): Promise<Server | 'in_use'> {
    const { clock, log, signal, settings } = this.#options;
    const { data } = this.#layout;
    await rotateLog(this.#layout);
    const logFile = await open(this.#layout.log, 'a', 0o600);
    const logStart = (await stat(this.#layout.log)).size;
    const beganMs = clock.monotonicMs();
    let pid: number | undefined;
    try {
      const child = spawn(cluster.runtime.postgres, serverArguments(directoryName(data), identityOf(data), this.#layout, settings ?? {}), {
        ...spawnIdentity(cluster.user),
        cwd: data,
        env: databaseEnvironment(),
        detached: true,
        stdio: ['ignore', logFile.fd, logFile.fd],
      });
      await once(child, 'spawn');
      pid = child.pid;
      child.unref();
    } finally {
      await logFile.close();
    }
    if (pid === undefined) throw new Error('the database has no process number');
    try {
      const answer = await this.#untilAnswers(pid, cluster.password);
      if (answer === 'gone') return await this.#explainEnd(logStart);
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

  async #explainEnd(logStart: number): Promise<'in_use'> {
    const file = await open(this.#layout.log, 'r');
    let output: string;
    try {
      const { size } = await file.stat();
      const length = Math.min(65_536, Math.max(0, size - logStart));
      const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
      output = buffer.toString('utf8');
    } finally {
      await file.close();
    }
    if (saysInUse(output)) return 'in_use';
    throw explainOutput(output, this.#layout);
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
