const FIRST_MS = 5_000;
const LONGEST_MS = 4 * 3_600_000;
/** A message that nobody took for this long is given up. */
const GIVEN_UP_AFTER_MS = 3 * 86_400_000;

/**
 * When to try again after `attempts` tries that failed: three times as long each time, four hours at most, spread by a
 * fifth so that what failed together does not come back together.
 * @param spread from 0 to 1.
 * @returns null: the message is given up.
 */
export function retryAtMs(attempts: number, createdAtMs: number, nowMs: number, spread: number): number | null {
  if (nowMs - createdAtMs >= GIVEN_UP_AFTER_MS) return null;
  const waitMs = Math.min(LONGEST_MS, FIRST_MS * 3 ** Math.min(attempts - 1, 10));
  return Math.round(nowMs + waitMs * (0.8 + 0.4 * spread));
}
