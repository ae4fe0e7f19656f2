import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FromWorker, ToWorker } from './protocol.ts';

/** A running worker, as its supervisor sees it. */
export interface WorkerHandle {
  readonly pid: number | undefined;
  send(message: ToWorker): void;
  /** Ends the process at once, whatever it does. `onExit` follows. */
  kill(): void;
}

export interface WorkerCallbacks {
  onMessage(message: FromWorker): void;
  /** Once, when the process is gone or could not be started; `how` is a sentence's part. */
  onExit(how: string): void;
}

export type SpawnWorker = (callbacks: WorkerCallbacks) => WorkerHandle;

/** What of the server's environment a model may see: nothing secret, only what finds programs and libraries. */
const PASSED_ENVIRONMENT = ['PATH', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'LANG', 'TMPDIR', 'HOME'];

/** The last of standard error that is kept, to name the cause of a native crash. */
const KEPT_STDERR = 4096;

/**
 * Starts the worker under the same Node, as the leader of a session of its own: a Ctrl-C in the
 * server's terminal reaches the server alone, which then ends the worker in its own order.
 */
export const spawnWorker: SpawnWorker = (callbacks) => {
  const child = fork(fileURLToPath(new URL('./worker.ts', import.meta.url)), {
    detached: true,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    cwd: '/',
    execArgv: ['--max-old-space-size=512'],
    env: {
      ...Object.fromEntries(PASSED_ENVIRONMENT.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))),
      // One libuv thread, so that the library never samples two sequences of one batch at the same time:
      // llama.cpp puts a batch's logits in order on the first look at them, and two first looks mix them up
      // (seen as words of one answer in another). llama.cpp's own threads are not libuv's.
      UV_THREADPOOL_SIZE: '1',
    },
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-KEPT_STDERR);
  });

  let gone = false;
  const exit = (how: string) => {
    if (gone) return;
    gone = true;
    callbacks.onExit(how);
  };
  child.on('message', (message) => {
    if (!gone) callbacks.onMessage(message as FromWorker);
  });
  child.on('error', (error) => {
    // Also told when a message cannot be sent to a process that is ending; then its exit follows.
    if (child.pid === undefined) exit(`its process could not be started (${error.message})`);
  });
  child.on('exit', (code, signal) => {
    const how = signal === null ? `its process ended with code ${code}` : `its process was ended by ${signal}`;
    const cause = causeIn(stderr);
    exit(cause === undefined ? how : `${how} (${cause})`);
  });

  return {
    pid: child.pid,
    send: (message) => {
      if (child.connected) child.send(message, () => {});
    },
    kill: () => killGroup(child),
  };
};

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}

/** The one line of a native crash that names its cause. Other lines are dropped: they are not ours to show. */
function causeIn(stderr: string): string | undefined {
  const line = stderr.split('\n').find((one) => /GGML_ASSERT|out of memory|bad_alloc|Cannot find module|ERR_[A-Z_]+/.test(one));
  return line?.trim().slice(0, 160);
}
