/** Text from a server made safe for a terminal: no control characters, so no escape sequences. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, ' ');
}

/** `1 key`, `2 keys`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** 2026-11-23 07:21 UTC, or a dash. */
export function timeText(iso: string | null): string {
  return iso === null ? '-' : `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** Thousands apart by a comma: 12,345. */
export function countText(count: string | number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
