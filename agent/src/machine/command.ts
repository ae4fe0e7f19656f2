import { execFile } from 'node:child_process';

/** What a program of the machine said. `code` null: it is not there, or did not end in time. */
export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs one program and waits for it; passed in, so that tests can say what it says. @param input what it reads from its standard input. @param mostMs how long it may take; default 20 s. */
export type RunCommand = (program: string, args: readonly string[], input?: string, mostMs?: number) => Promise<Said>;

const MOST_MS = 20_000;
const MOST_BYTES = 4_000_000;

/** Never throws: a program that hangs on a sick card is an answer too. */
export const runCommand: RunCommand = (program, args, input, mostMs = MOST_MS) => new Promise((resolve) => {
  const child = execFile(program, args, { timeout: mostMs, maxBuffer: MOST_BYTES, killSignal: 'SIGKILL', env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/rocm/bin:/usr/local/nvidia/bin', LC_ALL: 'C' } }, (error, out, err) => {
    const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
    resolve({ code, out, err });
  });
  // It may end without having read.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input ?? '');
});
