import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';

/**
 * Stands in for a lease's screen: a VNC server of one colour (RFB 3.8 as RFC 6143 has it, without a password, as the control plane lets browsers
 * in), which remembers what it was sent. The real one is tried in the tests of tunnels.
 */
export interface MockScreen {
  /** Keysyms that were pressed, in order. */
  readonly keys: number[];
  readonly pasted: string[];
  /** Tickets that opened it, in order. */
  readonly tickets: string[];
  /** Refuses everybody until it is called with false. */
  refuse(on: boolean): void;
  /** Cuts every viewer, as a lost network does. */
  cut(): void;
  /** Puts a text into the machine's clipboard. */
  copy(text: string): void;
}

const WIDTH = 64;
const HEIGHT = 48;
const NAME = Buffer.from('stand-in');
const PIXEL_FORMAT = Buffer.from([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]);
const RAW = 0;

export function serveScreen(server: Server): MockScreen {
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'tandem-screen' });
  const open = new Set<WebSocket>();
  const keys: number[] = [];
  const pasted: string[] = [];
  const tickets: string[] = [];
  let refused = false;
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!/^\/api\/leases\/[^/]+\/screen$/.test(request.url ?? '')) return;
    const ticket = /ticket\.([\w-]+)/.exec(request.headers['sec-websocket-protocol'] ?? '')?.[1];
    if (refused || ticket === undefined || tickets.includes(ticket)) return void socket.end('HTTP/1.1 409 Conflict\r\nconnection: close\r\n\r\n');
    tickets.push(ticket);
    sockets.handleUpgrade(request, socket, head, (viewer) => {
      open.add(viewer);
      viewer.on('close', () => open.delete(viewer));
      speak(viewer, keys, pasted);
    });
  });
  return {
    keys, pasted, tickets,
    refuse: (on) => {
      refused = on;
    },
    cut: () => {
      for (const viewer of open) viewer.terminate();
    },
    copy: (text) => {
      const words = Buffer.from(text, 'latin1');
      for (const viewer of open) viewer.send(Buffer.concat([Buffer.from([3, 0, 0, 0]), uint32(words.length), words]));
    },
  };
}

const uint16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** Reads what a viewer says, one message of the protocol after another. */
function speak(viewer: WebSocket, keys: number[], pasted: string[]): void {
  let held = Buffer.alloc(0);
  let step: 'version' | 'security' | 'init' | 'messages' = 'version';
  viewer.send(Buffer.from('RFB 003.008\n'));
  /** How long the message at the front is; undefined until that is known. */
  const length = (): number | undefined => {
    if (step === 'version') return 12;
    if (step !== 'messages') return 1;
    const kind = held[0];
    if (kind === 0) return 20;
    if (kind === 2) return held.length < 4 ? undefined : 4 + 4 * held.readUInt16BE(2);
    if (kind === 3) return 10;
    if (kind === 4) return 8;
    if (kind === 5) return 6;
    return held.length < 8 ? undefined : 8 + Math.abs(held.readInt32BE(4));
  };
  const take = (message: Buffer): void => {
    if (step === 'version') {
      step = 'security';
      viewer.send(Buffer.from([1, 1]));
    } else if (step === 'security') {
      step = 'init';
      viewer.send(uint32(0));
    } else if (step === 'init') {
      step = 'messages';
      viewer.send(Buffer.concat([uint16(WIDTH), uint16(HEIGHT), PIXEL_FORMAT, uint32(NAME.length), NAME]));
    } else if (message[0] === 3) {
      // Only whole pictures are answered: nothing on this screen ever changes.
      if (message[1] === 0) viewer.send(Buffer.concat([Buffer.from([0, 0]), uint16(1), uint16(0), uint16(0), uint16(WIDTH), uint16(HEIGHT), uint32(RAW), Buffer.alloc(WIDTH * HEIGHT * 4, 0x7f)]));
    } else if (message[0] === 4 && message[1] === 1) keys.push(message.readUInt32BE(4));
    else if (message[0] === 6) pasted.push(message.subarray(8).toString('latin1'));
  };
  viewer.on('message', (data: Buffer) => {
    held = Buffer.concat([held, data]);
    for (let size = length(); held.length > 0 && size !== undefined && held.length >= size; size = length()) {
      const message = held.subarray(0, size);
      held = held.subarray(size);
      take(message);
    }
  });
}
