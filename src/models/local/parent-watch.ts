import { workerData } from 'node:worker_threads';

/**
 * A thread of the worker process that ends the process when its parent is gone. The main thread
 * notices a closed channel by itself, but not while native code holds it; a thread has its own loop.
 * An orphan gets another parent, so a changed parent id is the sign.
 */
const { parentPid } = workerData as { parentPid: number };

setInterval(() => {
  if (process.ppid !== parentPid) process.kill(process.pid, 'SIGKILL');
}, 500);
