import { groupDigits } from './money.ts';

/** A whole number, given as a string because it may pass 2^53: "1234567" → "1,234,567". */
export function count(value: string | number | bigint): string {
  const text = String(value);
  return text.startsWith('-') ? `−${groupDigits(text.slice(1))}` : groupDigits(text);
}

/** "1 request", "2 requests". */
export function plural(value: string | number | bigint, one: string, many = `${one}s`): string {
  return `${count(value)} ${String(value) === '1' ? one : many}`;
}

/** Milliseconds as a person reads them: 84 ms, 1.24 s, 2 min 5 s. */
export function duration(ms: number): string {
  if (ms < 1) return '< 1 ms';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago, or until, as seen from `now` (epoch milliseconds): "3 min ago", "in 2 days". */
export function relativeTime(at: string, now: number): string {
  const difference = Date.parse(at) - now;
  const size = Math.abs(difference);
  // The page's clock is up to half a minute old, and the server's may differ: what lies that little ahead has just happened.
  if (size < MINUTE) return difference > 30_000 ? 'in under a minute' : 'just now';
  const text = size < HOUR ? `${Math.floor(size / MINUTE)} min`
    : size < DAY ? plural(Math.floor(size / HOUR), 'hour')
      : size < 60 * DAY ? plural(Math.floor(size / DAY), 'day') : plural(Math.floor(size / (30 * DAY)), 'month');
  return difference > 0 ? `in ${text}` : `${text} ago`;
}

/** For how long: "3 min", "2 days"; what began a moment ago, "under a minute". */
export function elapsed(since: string, now: number): string {
  const text = relativeTime(since, now);
  return text.endsWith(' ago') ? text.slice(0, -4) : 'under a minute';
}

/** "2026-11-23 07:14:05 UTC". */
export function exactTime(at: string): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** "23 Nov 2026, 07:14". */
export function shortTime(at: string): string {
  return `${dayText(at)}, ${new Date(at).toISOString().slice(11, 16)}`;
}

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

/** "23 Nov 2026". */
export function dayText(at: string): string {
  const date = new Date(at);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]!.slice(0, 3)} ${date.getUTCFullYear()}`;
}

/** "2026-11" → "November 2026". */
export function monthText(month: string): string {
  const [year, number] = month.split('-');
  return `${MONTHS[Number(number) - 1] ?? month} ${year}`;
}

/** The `howMany` months up to and with the one of `now`, newest first, as YYYY-MM. */
export function recentMonths(now: number, howMany: number): string[] {
  const date = new Date(now);
  return Array.from({ length: howMany }, (_, index) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - index, 1)).toISOString().slice(0, 7));
}

/** What is counted, in words. The names are the API's buckets. */
const BUCKETS: Readonly<Record<string, string>> = {
  input: 'Input tokens', cache_read: 'Cached input tokens', cache_write: 'Cache writes', cache_write_1h: 'Cache writes (1 hour)',
  audio_input: 'Audio input tokens', image_input: 'Image input tokens', output: 'Output tokens', reasoning: 'Reasoning tokens', audio_output: 'Audio output tokens',
  request: 'Requests', cached_reply: 'Cached replies', second: 'Seconds', minute: 'Minutes', hour: 'Hours', day: 'Days', byte: 'Bytes',
};

export function bucketText(bucket: string): string {
  return BUCKETS[bucket] ?? bucket;
}
