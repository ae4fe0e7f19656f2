import type { SecretBox } from '../../base/index.ts';

/** For so long after a rotation both secrets sign: a receiver that has either takes what comes. */
export const OVERLAP_MS = 86_400_000;

/** What a row keeps of its signing secrets. */
export interface SealedSecrets {
  readonly secret: Buffer;
  readonly previous_secret: Buffer | null;
  readonly previous_until: Date | null;
}

/**
 * The secrets that a message is signed by now, the newest first. @throws Error what cannot be opened.
 * @param context What both were sealed under.
 */
export function openSecrets(box: Pick<SecretBox, 'open'>, { secret, previous_secret: previous, previous_until: until }: SealedSecrets, context: string, nowMs: number): string[] {
  const inForce = previous !== null && until !== null && until.getTime() > nowMs;
  return [secret, ...(inForce ? [previous] : [])].map((sealed) => box.open(sealed, context).toString());
}

/** What a row is set to when its secret is replaced: the one of before goes on signing for a day. */
export function rotated(before: Pick<SealedSecrets, 'secret'>, sealed: Buffer, nowMs: number): SealedSecrets {
  return { secret: sealed, previous_secret: before.secret, previous_until: new Date(nowMs + OVERLAP_MS) };
}
