import { STATUS_CODES } from 'node:http';
import { systemClock } from '../../base/index.ts';

const CONTROL = /[^\t\x20-\x7e\x80-\xff]/;
const OK = 'HTTP/1.1 200 OK\r\n';

/** Headers that say the same in one reply after the other: their lines are kept as they were written last. */
const KEPT = new Map(['content-type', 'cache-control', 'x-tandem-route', 'x-tandem-attempts', 'x-accel-buffering'].map((name) => [name, { value: '', line: '' }]));

export function statusLine(status: number): string {
  return status === 200 ? OK : `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
}

/** @throws TypeError for what would end a line before its time. */
export function headerLine(name: string, value: string): string {
  const kept = KEPT.get(name);
  if (kept !== undefined && kept.line !== '' && kept.value === value) return kept.line;
  if (CONTROL.test(value)) throw new TypeError(`the value of the header ${name} holds what no header may`);
  const line = `${name}: ${value}\r\n`;
  if (kept !== undefined) {
    kept.value = value;
    kept.line = line;
  }
  return line;
}

let date = '';
let dateSecond = 0;

/** The line `date` of now, made once a second. */
export function dateLine(): string {
  const second = Math.floor(systemClock.nowMs() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    date = `date: ${new Date(second * 1000).toUTCString()}\r\n`;
  }
  return date;
}
