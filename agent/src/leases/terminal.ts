import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { TERMINAL, TerminalReader, readSize, terminalFrames, type TerminalSize } from '../wire/index.ts';
import { spawnInside, type Sandbox } from './inside.ts';
import { MarkedLine, deviceIn, terminalProgram, type TerminalProgram } from './terminal-program.ts';

/** What runs in a terminal, and who hears of it. */
export interface TerminalParts {
  readonly inside: Sandbox;
  readonly size: TerminalSize;
  /** What programs inside cannot say goes there. */
  readonly log: number;
  /** All that is shown, as it is shown. */
  readonly shown?: (bytes: Buffer) => void;
  readonly sized?: (size: TerminalSize) => void;
  /** Its program has ended. Null: by a signal. */
  readonly ended: (code: number | null) => void;
  /** How something is begun inside; default: really. */
  readonly spawn?: typeof spawnInside;
}

/** What somebody sees who takes a terminal up again. */
const TAIL_BYTES = 256 * 1024;

/** One terminal inside a lease's sandbox, with a shell of its own. It goes on without anybody who looks, and keeps the end of what it showed. */
export class Terminal {
  readonly #parts: TerminalParts;
  readonly #program: TerminalProgram;
  readonly #spawn: typeof spawnInside;
  readonly #shell: ChildProcess;
  #device: string | undefined;
  #tail: Buffer[] = [];
  #tailBytes = 0;
  #viewer: Socket | undefined;
  #size: TerminalSize;
  /** Known, or known never to be: whoever wants another size waits for it. */
  readonly #named = Promise.withResolvers<void>();
  #sizing: Promise<void> = this.#named.promise;

  constructor(parts: TerminalParts) {
    this.#parts = parts;
    this.#size = parts.size;
    this.#program = terminalProgram(parts.inside, parts.size);
    this.#spawn = parts.spawn ?? spawnInside;
    const { command, env, mark } = this.#program;
    this.#shell = this.#spawn(parts.inside, command, ['pipe', 'pipe', parts.log, 'pipe'], env);
    const named = (name: string): void => {
      this.#device = deviceIn(name, parts.inside);
      this.#named.resolve();
    };
    let said = '';
    (this.#shell.stdio[3] as NodeJS.ReadableStream).on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(0, 100);
      if (said.includes('\n')) named(said);
    });
    const line = mark === null ? undefined : new MarkedLine(mark);
    this.#shell.stdin!.on('error', () => {}).on('drain', () => this.#viewer?.resume());
    this.#shell.stdout!.on('data', (bytes: Buffer) => {
      const { shown, name } = line?.take(bytes) ?? { shown: bytes };
      if (name !== undefined) named(name);
      if (shown.length > 0) this.#show(shown);
    });
    this.#shell.once('error', () => this.#end(null));
    this.#shell.once('close', (code) => this.#end(code));
  }

  get watched(): boolean {
    return this.#viewer !== undefined;
  }

  /** Shows it to somebody, in the place of whoever looked before. @param resumed its shell was there already. @param left called when they go. */
  join(socket: Socket, { resumed, recorded, size, left }: { readonly resumed: boolean; readonly recorded: boolean; readonly size: TerminalSize; readonly left: () => void }): void {
    const before = this.#viewer;
    this.#viewer = socket;
    before?.destroy();
    this.#say(TERMINAL.begun, Buffer.from(JSON.stringify({ resumed, recorded })));
    for (const chunk of this.#tail) this.#say(TERMINAL.data, chunk);
    if (resumed) {
      // Another size and back has a program that fills the screen draw it anew.
      this.#resize({ columns: size.columns, rows: Math.max(1, size.rows - 1) });
      this.#resize(size);
    }
    const reader = new TerminalReader();
    const gone = (): void => {
      if (this.#viewer !== socket) return;
      this.#viewer = undefined;
      this.#shell.stdout!.resume();
      left();
    };
    socket.on('close', gone);
    socket.on('drain', () => this.#shell.stdout!.resume());
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const { kind, payload } of reader.read(chunk)) {
          if (kind === TERMINAL.size) this.#resize(readSize(payload));
          // A program that reads nothing holds its viewer up, and no memory.
          else if (kind === TERMINAL.data && !this.#shell.stdin!.write(Buffer.from(payload))) socket.pause();
        }
      } catch {
        socket.destroy();
      }
    });
    socket.resume();
  }

  /** Hangs up, as a closed window does. */
  hangUp(): void {
    for (const pid of childrenOf(this.#shell.pid)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It went by itself.
      }
    }
    this.#shell.kill(this.#program.hangUp);
  }

  #show(bytes: Buffer): void {
    this.#parts.shown?.(bytes);
    this.#tail.push(bytes);
    this.#tailBytes += bytes.length;
    while (this.#tailBytes > TAIL_BYTES && this.#tail.length > 1) this.#tailBytes -= this.#tail.shift()!.length;
    if (!this.#say(TERMINAL.data, bytes)) this.#shell.stdout!.pause();
  }

  #say(kind: (typeof TERMINAL)[keyof typeof TERMINAL], payload: Buffer): boolean {
    const socket = this.#viewer;
    if (socket === undefined) return true;
    let room = true;
    for (const frame of terminalFrames(kind, payload)) room = socket.write(frame);
    return room;
  }

  /** One after the other: two that ran at once could end in either size. */
  #resize(size: TerminalSize): void {
    this.#sizing = this.#sizing.then(() => this.#setSize(size));
  }

  async #setSize(size: TerminalSize): Promise<void> {
    if (this.#device === undefined || (size.columns === this.#size.columns && size.rows === this.#size.rows)) return;
    this.#size = size;
    this.#parts.sized?.(size);
    const setting = this.#spawn(this.#parts.inside, this.#program.resize(this.#device, size), 'ignore');
    await new Promise<void>((resolve) => { setting.once('close', () => resolve()).once('error', () => resolve()); });
  }

  #end(code: number | null): void {
    this.#named.resolve();
    this.#parts.ended(code);
    const socket = this.#viewer;
    this.#say(TERMINAL.ended, Buffer.from(JSON.stringify({ code })));
    this.#viewer = undefined;
    socket?.end();
  }
}

/** nsenter waits for its child, and does not pass on what ends it. */
function childrenOf(pid: number | undefined): number[] {
  if (pid === undefined) return [];
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').map(Number).filter((child) => child > 1);
  } catch {
    return [];
  }
}
