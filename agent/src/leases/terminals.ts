import type { Socket } from 'node:net';
import { WireError, boundSize, textOf, wholeOf, type Message, type TerminalSize } from '../wire/index.ts';
import type { Recording } from './recordings/recording.ts';
import { Terminal, type TerminalParts } from './terminal.ts';

/** Which terminal somebody wants. */
export interface TerminalOrder {
  /** Its id: one that is not there begins. */
  readonly terminal: string;
  /** Who asks: nobody else can take it up again. */
  readonly person: string;
  readonly columns: number;
  readonly rows: number;
  /** In whose name it is recorded; null: it is not. */
  readonly record: string | null;
}

export interface TerminalsParts extends Pick<TerminalParts, 'inside' | 'log'> {
  readonly bootMs: () => number;
  /** Begins one. @throws Error where it cannot. */
  readonly recording: (person: string) => Recording;
}

interface Kept {
  readonly terminal: Terminal;
  readonly person: string;
  readonly recorded: boolean;
  /** When nobody looked any more; undefined: somebody does. */
  awayMs: number | undefined;
}

const MOST_TERMINALS = 32;
/** How long a shell waits for somebody whose network went away. */
const WAIT_MS = 60_000;
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @throws WireError */
export function readTerminalOrder(params: Message): Omit<TerminalOrder, 'record'> {
  const terminal = textOf(params, 'terminal', 36);
  if (!ID.test(terminal)) throw new WireError('bad_message', 'a terminal has no id of a terminal');
  const { columns, rows } = boundSize(wholeOf(params, 'columns', 0, 65_535), wholeOf(params, 'rows', 0, 65_535));
  return { terminal, person: textOf(params, 'person', 200), columns, rows };
}

/** The terminals of one lease, as its keeper has them. All of them end with the sandbox. */
export class Terminals {
  readonly #parts: TerminalsParts;
  readonly #kept = new Map<string, Kept>();

  constructor(parts: TerminalsParts) {
    this.#parts = parts;
  }

  /** Shows a terminal to who asked; one of another person's, and one too many, is refused by the socket's end. */
  join(order: TerminalOrder, socket: Socket): void {
    const { terminal: id, person } = order;
    const size: TerminalSize = { columns: order.columns, rows: order.rows };
    const known = this.#kept.get(id);
    // One that was begun without being recorded is not gone on with where the rule is new.
    if (known !== undefined ? known.person !== person || (order.record !== null && !known.recorded) : this.#kept.size >= MOST_TERMINALS) return void socket.destroy();
    const kept = known ?? this.#begin(order, size);
    kept.awayMs = undefined;
    socket.write('ok\n');
    kept.terminal.join(socket, { resumed: known !== undefined, recorded: kept.recorded, size, left: () => { kept.awayMs = this.#parts.bootMs(); } });
  }

  /** Ends the terminals that nobody came back to. */
  look(): void {
    for (const { terminal, awayMs } of this.#kept.values()) if (awayMs !== undefined && this.#parts.bootMs() - awayMs >= WAIT_MS) terminal.hangUp();
  }

  #begin({ terminal: id, person, record }: TerminalOrder, size: TerminalSize): Kept {
    const { inside, log, recording: begin } = this.#parts;
    const recording = record === null ? undefined : begin(record);
    recording?.sized(size);
    const terminal = new Terminal({
      inside, log, size,
      ...(recording && { shown: (bytes: Buffer) => recording.shown(bytes), sized: (to: TerminalSize) => recording.sized(to) }),
      ended: (code) => {
        this.#kept.delete(id);
        recording?.end(code);
      },
    });
    const kept: Kept = { terminal, person, recorded: recording !== undefined, awayMs: undefined };
    this.#kept.set(id, kept);
    return kept;
  }
}
