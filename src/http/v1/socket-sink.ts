import type { WebSocket } from 'ws';
import type { ReplySink } from '../faces.ts';

/** How much may wait in the socket before its writer is held back. */
const MOST_WAITING = 1024 * 1024;
const ignore = () => {};

/**
 * Sends the events of a response as messages, one each. The mark at a stream's end and comments are of server-sent events alone; so is
 * the error after `response.failed`, which ends a turn by itself here.
 */
export class SocketSink implements ReplySink {
  started = false;
  readonly #socket: WebSocket;
  #failed = false;
  #sent: Promise<void> = Promise.resolve();

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  head(): void {
    this.started = true;
  }

  write(chunk: string | Uint8Array): boolean {
    for (const frame of Buffer.from(chunk).toString().split('\n\n')) {
      const at = frame.indexOf('data: ');
      if (frame.startsWith(':') || at === -1 || frame.endsWith('data: [DONE]') || this.#failed) continue;
      this.#failed = frame.startsWith('event: response.failed\n');
      this.#send(frame.slice(at + 'data: '.length));
    }
    return this.#socket.bufferedAmount < MOST_WAITING;
  }

  drained(): Promise<void> {
    return this.#sent;
  }

  end(chunk?: string | Uint8Array): void {
    if (chunk !== undefined) this.write(chunk);
  }

  #send(text: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#sent = new Promise((resolve) => {
      this.#socket.send(text, () => resolve());
    });
    this.#sent.catch(ignore);
  }
}
