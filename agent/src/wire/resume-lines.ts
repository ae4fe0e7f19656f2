import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Duplex, Readable } from 'node:stream';
import { readLine } from './session-line.ts';
import { WireError } from './wire-error.ts';

/*
 * How a session that can be taken up again begins, on each line, after the server has joined the two ends:
 *   carrier  tandem-resume 1
 *   client   new SECRET                        or   again ID TURN READ PROOF
 *   carrier  ok READ                           or   no WHY
 * A carrier of before says what sshd says: the session is its bytes then, and ends with its line.
 */
export const RESUME_GREETING = 'tandem-resume 1';
const MOST_LINE_BYTES = 255;
const SECRET = /^[A-Za-z0-9_-]{43}$/;
const AGAIN = /^again ([A-Za-z0-9_-]{22}) (\d{1,9}) (\d{1,16}) ([A-Za-z0-9_-]{43})$/;

/** What a client says: a session that begins, or one that it had before. */
export type ResumeWish = { readonly kind: 'new'; readonly secret: string } | { readonly kind: 'again'; readonly id: string; readonly turn: number; readonly read: number; readonly proof: string };

/** By this a carrier knows a session; it tells nothing of the secret. */
export function resumeId(secret: string): string {
  return createHash('sha256').update(`session ${secret}`).digest('base64url').slice(0, 22);
}

/** @param turn counts the lines of a session; a proof is good for its turn alone. @param read how far the client has read. */
export function againLine(secret: string, turn: number, read: number): string {
  return `again ${resumeId(secret)} ${turn} ${read} ${proofOf(secret, turn, read)}`;
}

/** Whether it was made with the secret, for that turn. */
export function isProof(secret: string, { turn, read, proof }: Extract<ResumeWish, { kind: 'again' }>): boolean {
  return timingSafeEqual(Buffer.from(proof), Buffer.from(proofOf(secret, turn, read)));
}

/** What the client says at the beginning of a line. @throws WireError. */
export async function readWish(line: Readable, signal: AbortSignal): Promise<ResumeWish> {
  const said = await readLine(line, MOST_LINE_BYTES, signal);
  const secret = /^new (.*)$/.exec(said)?.[1];
  if (secret !== undefined && SECRET.test(secret)) return { kind: 'new', secret };
  const [, id, turn, read, proof] = AGAIN.exec(said) ?? [];
  if (id === undefined || !Number.isSafeInteger(Number(read))) throw new WireError('protocol', 'no wish for a session');
  return { kind: 'again', id, turn: Number(turn), read: Number(read), proof: proof! };
}

/** Whether the other end can take sessions up again; if not, what it said is put back. @throws WireError when it says nothing. */
export async function isResumable(line: Duplex, signal: AbortSignal): Promise<boolean> {
  const said = await readLine(line, MOST_LINE_BYTES, signal);
  if (said === RESUME_GREETING) return true;
  line.unshift(Buffer.from(`${said}\n`));
  return false;
}

/** How far the carrier has read. @throws WireError gone when it does not have the session any more. */
export async function readTaken(line: Readable, signal: AbortSignal): Promise<number> {
  const said = await readLine(line, MOST_LINE_BYTES, signal);
  const [, read] = /^ok (\d{1,16})$/.exec(said) ?? [];
  if (read === undefined || !Number.isSafeInteger(Number(read))) throw new WireError('gone', said.startsWith('no ') ? said.slice(3) : 'the machine does not have the session any more');
  return Number(read);
}

function proofOf(secret: string, turn: number, read: number): string {
  return createHmac('sha256', secret).update(`again ${turn} ${read}`).digest('base64url');
}
