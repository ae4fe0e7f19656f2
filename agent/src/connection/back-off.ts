const FIRST_MS = 500;
const MOST_MS = 10_000;

/** How long to wait before the next attempt: doubling, and spread out, so that a thousand agents do not come back at once. */
export function backOffMs(failures: number, random: number): number {
  if (failures === 0) return 0;
  const whole = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 10));
  return Math.round(whole / 2 + (whole / 2) * random);
}
