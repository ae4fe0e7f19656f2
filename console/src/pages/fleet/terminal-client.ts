import { refusalOf } from './kept-link.ts';
import type { LinkEvents } from './kept-link.ts';
import { openSocket } from './screen-client.ts';
import type { TerminalView } from './terminal-view.ts';

/** What a terminal's server tells beside what is shown. */
export interface TerminalFacts {
  readonly terminal: string;
  readonly resumed: boolean;
  readonly recorded: boolean;
}

export interface TerminalLink {
  disconnect(): void;
  type(text: string): void;
}

export interface TerminalTells {
  readonly begun: (facts: TerminalFacts) => void;
  /** Null: a signal ended it. */
  readonly ended: (code: number | null) => void;
}

/** Pieces in which a long text is sent: the server takes no larger ones. */
const PIECE_BYTES = 16 * 1024;
/** The server is told in steps of this size how far the page is. */
const READ_STEP = 32 * 1024;

/** Joins a view to a terminal on a machine. @param terminal one to take up again; null: a new one. */
export function openTerminal(view: TerminalView, leaseId: string, ticket: string, terminal: string | null, events: LinkEvents, tells: TerminalTells): TerminalLink {
  const socket = openSocket(leaseId, 'terminal', ticket);
  socket.binaryType = 'arraybuffer';
  const { terminal: screen } = view;
  const encoder = new TextEncoder();
  const say = (message: object): void => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  };
  const send = (bytes: Uint8Array<ArrayBuffer>): void => {
    if (socket.readyState !== WebSocket.OPEN) return;
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) socket.send(bytes.subarray(at, at + PIECE_BYTES));
  };
  let unsaid = 0;
  let writing = 0;
  const shown = (bytes: number): void => {
    unsaid += bytes;
    writing -= 1;
    // All of it is told at last, so that nothing waits for a step that never fills.
    if (unsaid < READ_STEP && writing > 0) return;
    say({ type: 'read', bytes: unsaid });
    unsaid = 0;
  };
  const listeners = [
    screen.onData((text) => send(encoder.encode(text))),
    screen.onBinary((text) => send(Uint8Array.from(text, (letter) => letter.charCodeAt(0) & 255))),
    screen.onResize(({ cols, rows }) => say({ type: 'size', columns: cols, rows })),
  ];
  socket.addEventListener('open', () => say({ type: 'open', terminal, columns: screen.cols, rows: screen.rows }));
  socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => {
    if (typeof data !== 'string') {
      writing += 1;
      screen.write(new Uint8Array(data), () => shown(data.byteLength));
      return;
    }
    const told = JSON.parse(data) as { type: string; code: number | null } & TerminalFacts;
    if (told.type === 'begun') {
      // What was shown last comes again.
      screen.reset();
      tells.begun(told);
      events.connected();
    } else if (told.type === 'ended') {
      tells.ended(told.code);
      events.ended();
    }
  });
  socket.addEventListener('close', (event) => {
    for (const listener of listeners) listener.dispose();
    events.lost(refusalOf(event));
  });
  return { disconnect: () => socket.close(), type: (text) => send(encoder.encode(text)) };
}
