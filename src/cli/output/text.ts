/** Text from a server made safe for a terminal: no control characters, so no escape sequences, and nothing that turns its direction. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, ' ');
}

/** The same of what a command prints: its own lines and the tabs between a pipe's cells stay. */
export function visibleLines(text: string): string {
  return text.replace(/[^\n\t]+/g, visible);
}

const NO_WIDTH = /\p{Mn}|\p{Me}|[\u200b-\u200d]|[\ufe00-\ufe0f]/gu;
const TWICE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/gu;

/** How many places of a terminal a text takes: wide signs of East Asia take two, marks on a letter none. */
export function widthOf(text: string): number {
  const seen = text.replace(NO_WIDTH, '').replace(TWICE, '**');
  return /[\ud800-\udbff]/.test(seen) ? [...seen].length : seen.length;
}

/** As much of a text as fits, with a sign that it was cut. */
export function cutTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let [kept, places] = ['', 1];
  for (const { segment } of new Intl.Segmenter('en').segment(text)) {
    places += widthOf(segment);
    if (places > width) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}

/** A paragraph in lines that a terminal does not break inside a word; as it is for a pipe. */
export function wrapped(text: string, { isTTY, columns }: { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined }): string {
  if (isTTY !== true || columns === undefined) return text;
  const lines = [''];
  for (const word of text.split(' ')) {
    const longer = lines.at(-1) === '' ? word : `${lines.at(-1)!} ${word}`;
    if (widthOf(longer) <= columns || lines.at(-1) === '') lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.join('\n');
}

/** `1 key`, `2 keys`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** 2026-11-23 07:21 UTC, or a dash. */
export function timeText(iso: string | null): string {
  return iso === null ? '-' : `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** A new signing secret, with how long the one of before signs beside it. */
export function rotationText({ secret, bothUntil }: { readonly secret: string; readonly bothUntil: string }): string {
  return `The new signing secret is shown once:\n\n  ${secret}\n\nBoth sign until ${timeText(bothUntil)}: give it to the receiver before.\n`;
}

/** Thousands apart by a comma: 12,345. */
export function countText(count: string | number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
