import { usageError } from '../cli-error.ts';

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
const FORM = /^(\d{1,6})([smhd])$/;

/** `90s`, `30m`, `12h`, `7d` → seconds. */
export function durationSeconds(text: string, where: string): number {
  const match = FORM.exec(text);
  if (!match) throw usageError(`${where} is not a duration: ${text}`, 'Write it like 30m, 12h or 7d.');
  return Number(match[1]) * SECONDS[match[2] as keyof typeof SECONDS];
}

/** A duration from now, or a date, as an ISO time. */
export function timeArgument(text: string, nowMs: number, where: string): string {
  if (/^\d{4}-\d{2}-\d{2}/.test(text)) {
    const at = Date.parse(text);
    if (Number.isNaN(at)) throw usageError(`${where} is not a date: ${text}`, 'Write it like 2027-01-31 or 2027-01-31T12:00:00Z.');
    return new Date(at).toISOString();
  }
  if (!FORM.test(text)) throw usageError(`${where} is neither a duration nor a date: ${text}`, 'Write it like 12h from now, 2027-01-31 or 2027-01-31T12:00:00Z.');
  return new Date(nowMs + durationSeconds(text, where) * 1000).toISOString();
}
