import { X509Certificate } from 'node:crypto';
import type { Outside } from '../outside.ts';
import type { Certificates } from '../state/certificates.ts';
import { textOf, type Message, type Session } from '../wire/index.ts';

export interface RenewOptions {
  readonly certificates: Pick<Certificates, 'shown' | 'renewed'>;
  readonly outside: Pick<Outside, 'bootMs' | 'wait' | 'log'>;
  /** What the server's clock said when the session began, in UTC milliseconds. This machine's own may be days off. */
  readonly serverNowMs: number;
  /** Told of each answer to a renewal. */
  readonly answered: (answer: Message) => void;
  /** Aborts when the session is over. */
  readonly signal: AbortSignal;
}

const LOOK_MS = 3_600_000;
/** Whatever clocks say: a renewal is a signature and some writes of the server. */
const BETWEEN_MS = 600_000;
const FAILED_MS = 60_000;

/** Asks for the next certificate when half of the time of this one is over by the server's clock. Resolves when the session is over. */
export async function renewInTime(session: Pick<Session, 'ask'>, { certificates, outside, serverNowMs, answered, signal }: RenewOptions): Promise<void> {
  const beganMs = outside.bootMs();
  while (!signal.aborted) {
    const dueMs = halfOf(certificates.shown) - (serverNowMs + outside.bootMs() - beganMs);
    if (dueMs > 0) {
      await outside.wait(Math.min(Math.max(dueMs, FAILED_MS), LOOK_MS), signal);
      continue;
    }
    try {
      const answer = await session.ask('renew', {});
      certificates.renewed(textOf(answer, 'certificate', 10_000));
      answered(answer);
      outside.log('the certificate was renewed');
      await outside.wait(BETWEEN_MS, signal);
    } catch (error) {
      if (signal.aborted) return;
      outside.log(`the certificate could not be renewed: ${error instanceof Error ? error.message : String(error)}`);
      await outside.wait(FAILED_MS, signal);
    }
  }
}

function halfOf(certificate: string): number {
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  return (validFromDate.getTime() + validToDate.getTime()) / 2;
}
