import { boundSize, type TerminalSize } from '../../wire/index.ts';
import type { Recording } from './recording.ts';

const LINE_BYTES = 8_192;

/** `plain`: what is shown comes alone, without counts or lines of `script`, and its terminal gets another size by `resize`. */
export type ListenerOptions = { readonly plain: false } | { readonly plain: true; readonly resize: (device: string, size: TerminalSize) => void };

/** Reads what `script` tells (its log of timing, in the advanced format) beside what is shown: how large, how much of the output is the session's, how it ended. */
export class ScriptListener {
  readonly #recording: Recording;
  readonly #options: ListenerOptions;
  /** The terminal inside, as it was said. */
  #device: string | undefined;
  #columns = 80;
  #rows = 24;
  #shell = false;
  /** `script` writes a line of its own before the session's output, and one after it. */
  #began = false;
  #held: Buffer = Buffer.alloc(0);
  #due = 0;
  #line = '';

  constructor(recording: Recording, options: ListenerOptions) {
    this.#recording = recording;
    this.#options = options;
  }

  out(bytes: Buffer): void {
    if (this.#options.plain) return this.#recording.shown(bytes);
    this.#held = Buffer.concat([this.#held, bytes]).subarray(-4 * 1024 * 1024);
    this.#pass();
  }

  said(bytes: Buffer): void {
    this.#line += bytes.toString();
    for (let end = this.#line.indexOf('\n'); end !== -1; end = this.#line.indexOf('\n')) {
      this.#take(this.#line.slice(0, end));
      this.#line = this.#line.slice(end + 1);
    }
    if (this.#line.length > LINE_BYTES) this.#line = '';
  }

  #take(line: string): void {
    const [, kind, rest] = /^([HOSCD]) (.*)$/.exec(line) ?? [];
    if (rest === undefined) return;
    if (kind === 'C') return this.#recording.is({ kind: 'command', command: rest });
    if (kind === 'D') return void (this.#device = rest);
    const [, name, value] = /^[\d.]+ (\S+) ?(.*)$/.exec(rest) ?? [];
    if (name === undefined || value === undefined) return;
    if (kind === 'H') this.#head(name, value);
    else if (kind === 'S') {
      this.#rows = numberIn(/ROWS=(\d{1,4})/, value) ?? this.#rows;
      this.#columns = numberIn(/COLS=(\d{1,4})/, value) ?? this.#columns;
      const size = boundSize(this.#columns, this.#rows);
      this.#recording.sized(size);
      if (this.#options.plain && this.#device !== undefined) this.#options.resize(this.#device, size);
    } else if (kind === 'O') {
      this.#due += Math.min(Number(name) || 0, 1_048_576);
      this.#pass();
    }
  }

  #head(name: string, value: string): void {
    if (!this.#shell) {
      this.#shell = true;
      this.#recording.is({ kind: 'shell' });
    }
    // A terminal that was given no size has -1.
    if (name === 'COLUMNS') this.#columns = numberIn(/^(\d{1,4})$/, value) ?? this.#columns;
    else if (name === 'LINES') this.#rows = numberIn(/^(\d{1,4})$/, value) ?? this.#rows;
    else if (name === 'COMMAND' && value !== 'exec -l bash') this.#recording.is({ command: value.slice(0, 2_000) });
    else if (name === 'EXIT_CODE') this.#recording.is({ exitCode: Number(value) & 255 });
    this.#recording.sized(boundSize(this.#columns, this.#rows));
  }

  #pass(): void {
    if (!this.#began) {
      const end = this.#held.indexOf('\n');
      if (end === -1) return;
      this.#began = true;
      this.#held = this.#held.subarray(end + 1);
    }
    const bytes = this.#held.subarray(0, this.#due);
    if (bytes.length === 0) return;
    this.#due -= bytes.length;
    this.#held = Buffer.from(this.#held.subarray(bytes.length));
    this.#recording.shown(bytes);
  }
}

function numberIn(pattern: RegExp, text: string): number | undefined {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}
