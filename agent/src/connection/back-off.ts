const FIRST_MS = 500;
const MOST_MS = 10_000;
/** Whoever ended a lease was told that it is over: the machine must hear of it within five seconds of when it can. */
const URGENT_MS = 1_000;
/** A server that is there and refuses has work with each attempt. */
const URGENT_REFUSED_MS = 3_000;

export interface LastAttempt {
  /** Whether a word of the server may not wait. Such agents are no more than there are leases. */
  readonly urgent: boolean;
  /** The server was there and said no: it is without its database, say. */
  readonly refused: boolean;
}

/** How long to wait before the next attempt: doubling, and spread out, so that a thousand agents do not come back at once. */
export function backOffMs(failures: number, random: number, { urgent, refused }: LastAttempt): number {
  if (failures === 0) return 0;
  const mostMs = !urgent ? MOST_MS : refused ? URGENT_REFUSED_MS : URGENT_MS;
  const whole = Math.min(mostMs, FIRST_MS * 2 ** Math.min(failures - 1, 10));
  return Math.round(whole / 2 + (whole / 2) * random);
}
