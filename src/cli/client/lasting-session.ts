import { randomBytes } from 'node:crypto';
import type { Duplex, Writable } from 'node:stream';
import { WireError, againLine, isResumable, readTaken, Resumable } from '../../../agent/src/wire/index.ts';
import { CliError } from '../cli-error.ts';

export interface LastingOptions {
  /** A line to the machine through the server. @throws CliError. */
  readonly dial: (resume: 'new' | 'again') => Promise<Duplex>;
  /** What the machine says goes there. */
  readonly output: Writable;
  readonly wait: (ms: number) => Promise<void>;
  readonly monotonicMs: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/** A session: where to write to the machine, and its end. */
export interface LastingSession {
  readonly input: Writable;
  /** Resolves when the line is closed for good; rejects when it was lost and cannot be taken up again. */
  readonly over: Promise<void>;
  /** Ends it from here, after what is on its way. */
  leave(): void;
}

const SAY_MS = 20_000;
const FIRST_WAIT_MS = 100;
const MOST_WAIT_MS = 2_000;
/** The machine keeps a session so long. */
const TRY_FOR_MS = 300_000;
/**
 * A session that goes on over another line when its line is lost, as by the end of the server: the machine keeps it for some minutes, for the same
 * caller and whoever holds the secret that is made here. Undefined with a machine whose agent cannot: `dialled` is the session then, and ends with it.
 */
export async function lastingSession(dialled: Duplex, { dial, output, wait, monotonicMs, random }: LastingOptions): Promise<LastingSession | undefined> {
  if (!(await isResumable(dialled, AbortSignal.timeout(SAY_MS)))) return undefined;
  const secret = randomBytes(32).toString('base64url');
  dialled.write(`new ${secret}\n`);
  await readTaken(dialled, AbortSignal.timeout(SAY_MS));
  const over = Promise.withResolvers<void>();
  const session = new Resumable(output);
  let turn = 0;
  let leaving = false;

  const again = async (): Promise<void> => {
    const line = await dial('again');
    try {
      if (!(await isResumable(line, AbortSignal.timeout(SAY_MS)))) throw new WireError('gone', 'the machine does not have the session any more');
      turn += 1;
      line.write(`${againLine(secret, turn, session.read)}\n`);
      session.attach(line, await readTaken(line, AbortSignal.timeout(SAY_MS)));
    } catch (error) {
      line.destroy();
      throw error;
    }
  };
  const takeUp = async (): Promise<void> => {
    const untilMs = monotonicMs() + TRY_FOR_MS;
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, MOST_WAIT_MS)) {
      if (leaving) return;
      try {
        return await again();
      } catch (error) {
        if (!isForNow(error) || monotonicMs() > untilMs) throw error instanceof WireError ? new CliError('session_lost', `The session was lost: ${error.message}.`, 'Enter the lease again: tandem ssh LEASE') : error;
      }
      await wait(waitMs / 2 + (waitMs / 2) * random());
    }
  };
  session.onLost = () => {
    if (leaving || session.theyEnded) over.resolve();
    else void takeUp().catch(over.reject);
  };
  session.attach(dialled, 0);
  return {
    input: session.input, over: over.promise,
    leave() {
      leaving = true;
      session.leave();
    },
  };
}

/** Whether another try may be answered otherwise: no server is there, or it says that it cannot now, or the line was lost once more. */
function isForNow(error: unknown): boolean {
  if (error instanceof WireError) return error.code !== 'gone';
  if (!(error instanceof CliError)) return false;
  return error.status === undefined || error.status >= 500 || error.status === 429 || error.status === 408;
}
