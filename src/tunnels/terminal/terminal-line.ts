import type { Duplex } from 'node:stream';
import { TERMINAL, TerminalReader, boundSize, sizeFrame, terminalFrames, type TerminalSize } from '../../../agent/src/wire/index.ts';

/** What a terminal tells whoever has it open. */
export interface TerminalListener {
  /** First of all. `resumed`: its shell was there already, and what it showed last comes again. */
  begun(facts: { readonly resumed: boolean; readonly recorded: boolean }): void;
  /** What is to be shown. */
  shown(bytes: Buffer): void;
  /** Its shell has ended. Null: by a signal. */
  ended(code: number | null): void;
  /** Nothing more comes, whether it has ended or was cut. */
  closed(): void;
  /** What was typed is on its way: more may be. */
  drained(): void;
}

/** One open terminal, over the connection to its machine. What the machine says is hostile: what is no terminal's ends it. */
export class TerminalLine {
  readonly #stream: Duplex;

  constructor(stream: Duplex, listener: TerminalListener) {
    this.#stream = stream;
    const reader = new TerminalReader();
    stream.on('data', (chunk: Buffer) => {
      try {
        for (const { kind, payload } of reader.read(chunk)) {
          if (kind === TERMINAL.data) listener.shown(payload);
          else if (kind === TERMINAL.begun) listener.begun(begunOf(payload));
          else if (kind === TERMINAL.ended) listener.ended(codeOf(payload));
        }
      } catch {
        stream.destroy();
      }
    });
    stream.on('drain', () => listener.drained());
    stream.on('error', () => stream.destroy());
    stream.on('end', () => stream.destroy());
    stream.on('close', () => listener.closed());
  }

  /** False: no more until it has drained. */
  type(bytes: Buffer): boolean {
    let room = true;
    for (const frame of terminalFrames(TERMINAL.data, bytes)) room = this.#stream.write(frame);
    return room;
  }

  resize({ columns, rows }: TerminalSize): void {
    this.#stream.write(sizeFrame(boundSize(columns, rows)));
  }

  /** Has the machine wait with what it shows, or go on. */
  hold(on: boolean): void {
    if (on) this.#stream.pause();
    else this.#stream.resume();
  }

  close(): void {
    this.#stream.destroy();
  }
}

function begunOf(payload: Buffer): { resumed: boolean; recorded: boolean } {
  const { resumed, recorded } = JSON.parse(payload.toString()) as { resumed?: unknown; recorded?: unknown };
  return { resumed: resumed === true, recorded: recorded === true };
}

function codeOf(payload: Buffer): number | null {
  const { code } = JSON.parse(payload.toString()) as { code?: unknown };
  return typeof code === 'number' && Number.isInteger(code) && code >= 0 && code <= 255 ? code : null;
}
