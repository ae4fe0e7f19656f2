import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';

/**
 * Stands in for a terminal on a machine, as the control plane shows it to a browser: it echoes nothing, says what the test has it say, and
 * remembers what it was told. The real one is tried in the tests of tunnels.
 */
export interface MockTerminal {
  /** What pages have opened: a new one is null. */
  readonly opened: { terminal: string | null; columns: number; rows: number }[];
  readonly sizes: { columns: number; rows: number }[];
  /** All that was typed. */
  typed(): string;
  /** How many bytes the page has said that it has shown. */
  read(): number;
  say(text: string | Buffer): void;
  end(code: number | null): void;
  /** Cuts every page, as a lost network does. */
  cut(): void;
  /** Ends the next opening as the server does where it refuses. */
  refuseNext(code: number, reason: string): void;
  recorded: boolean;
}

const TERMINAL = '01938f2a-7c00-7fff-8a3d-0000000000aa';

export function serveTerminal(server: Server): MockTerminal {
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'tandem-terminal' });
  const open = new Set<WebSocket>();
  let typed = '';
  let read = 0;
  let refusal: { code: number; reason: string } | undefined;
  const mock: MockTerminal = {
    opened: [], sizes: [], recorded: false,
    typed: () => typed,
    read: () => read,
    say: (text) => {
      for (const page of open) page.send(Buffer.from(text), { binary: true });
    },
    end: (code) => {
      for (const page of open) {
        page.send(JSON.stringify({ type: 'ended', code }));
        page.close(1000, 'ended');
      }
    },
    cut: () => {
      for (const page of open) page.terminate();
    },
    refuseNext: (code, reason) => {
      refusal = { code, reason };
    },
  };
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!/^\/api\/leases\/[^/]+\/terminal$/.test(request.url ?? '')) return;
    sockets.handleUpgrade(request, socket, head, (page) => {
      if (refusal) {
        page.close(refusal.code, refusal.reason);
        refusal = undefined;
        return;
      }
      open.add(page);
      page.on('close', () => open.delete(page));
      page.on('message', (data: Buffer, binary: boolean) => {
        if (binary) return void (typed += data.toString());
        const said = JSON.parse(data.toString()) as { type: string; terminal: string | null; columns: number; rows: number; bytes: number };
        if (said.type === 'open') {
          mock.opened.push({ terminal: said.terminal, columns: said.columns, rows: said.rows });
          page.send(JSON.stringify({ type: 'begun', terminal: said.terminal ?? TERMINAL, resumed: said.terminal !== null, recorded: mock.recorded }));
        } else if (said.type === 'size') mock.sizes.push({ columns: said.columns, rows: said.rows });
        else read += said.bytes;
      });
    });
  });
  return mock;
}
