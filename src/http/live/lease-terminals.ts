import type { RawData, WebSocket } from 'ws';
import { z } from 'zod';
import { TandemError, type Logger } from '../../base/index.ts';
import type { OpenTerminal, TerminalEvents, TerminalsDoor } from '../faces.ts';
import { LeaseSockets, refuseSocket, type LeaseSocketOptions } from './lease-sockets.ts';

/** What is pasted comes in pieces of this size at most. */
const MOST_BYTES = 65_536;
/** What may be on its way to a browser that has not said yet that it has shown it: a browser cannot hold a socket up, so its page says how far it is. */
const MOST_UNREAD = 512 * 1024;
const FIRST_WORD_MS = 10_000;
const NORMAL = 1000;
/** RFC 6455's registry: try again. */
const TRY_AGAIN = 1013;

const size = { columns: z.int().min(1).max(65_535), rows: z.int().min(1).max(65_535) };
/** What a page says in text; what is typed comes in binary. */
const word = z.discriminatedUnion('type', [
  z.object({ type: z.literal('open'), terminal: z.uuid().nullable(), ...size }),
  z.object({ type: z.literal('size'), ...size }),
  z.object({ type: z.literal('read'), bytes: z.int().min(1).max(MOST_UNREAD * 4) }),
]);
type Word = z.infer<typeof word>;

/** Terminals of leases in browsers: bytes in binary messages, all else in JSON. */
export function leaseTerminals(terminals: Pick<TerminalsDoor, 'admit' | 'open'>, options: LeaseSocketOptions): LeaseSockets {
  return new LeaseSockets({
    protocol: 'tandem-terminal', path: /^\/api\/leases\/([^/?]{1,64})\/terminal$/, mostBytes: MOST_BYTES,
    async opened(principal, leaseId, ticket, socket) {
      await terminals.admit(principal, leaseId, ticket);
      const wish = await firstWord(socket);
      const page = new Page(socket, options.log);
      const { id, line } = await terminals.open(principal, leaseId, wish, page);
      page.start(id, line);
    },
  }, options);
}

/** The page's side of one terminal. */
class Page implements TerminalEvents {
  readonly #socket: WebSocket;
  readonly #log: Logger;
  #line: OpenTerminal | undefined;
  #id = '';
  #unread = 0;
  #over = false;
  /** What came before the page was told which terminal it has. */
  #early: (() => void)[] = [];

  constructor(socket: WebSocket, log: Logger) {
    this.#socket = socket;
    this.#log = log;
  }

  start(id: string, line: OpenTerminal): void {
    const socket = this.#socket;
    this.#id = id;
    this.#line = line;
    socket.on('close', () => line.close());
    if (socket.readyState !== socket.OPEN) return line.close();
    socket.on('message', (data, binary) => this.#take(data, binary));
    for (const event of this.#early.splice(0)) event();
    socket.resume();
  }

  begun(facts: { readonly resumed: boolean; readonly recorded: boolean }): void {
    this.#later(() => this.#say({ type: 'begun', terminal: this.#id, ...facts }));
  }

  shown(bytes: Buffer): void {
    this.#later(() => {
      this.#socket.send(bytes, { binary: true });
      this.#unread += bytes.length;
      if (this.#unread > MOST_UNREAD) this.#line?.hold(true);
    });
  }

  ended(code: number | null): void {
    this.#later(() => {
      this.#over = true;
      this.#say({ type: 'ended', code });
      this.#socket.close(NORMAL, 'ended');
    });
  }

  closed(): void {
    this.#later(() => {
      if (!this.#over) this.#socket.close(TRY_AGAIN, 'cut');
    });
  }

  drained(): void {
    this.#socket.resume();
  }

  #take(data: RawData, binary: boolean): void {
    try {
      if (binary) {
        if (this.#line?.type(bytesOf(data)) === false) this.#socket.pause();
        return;
      }
      const said = readWord(data);
      if (said.type === 'size') this.#line?.resize(said);
      else if (said.type === 'read') {
        this.#unread = Math.max(0, this.#unread - said.bytes);
        if (this.#unread <= MOST_UNREAD / 2) this.#line?.hold(false);
      }
    } catch (error) {
      refuseSocket(this.#socket, error, this.#log);
      this.#line?.close();
    }
  }

  #later(event: () => void): void {
    if (this.#line === undefined) this.#early.push(event);
    else event();
  }

  #say(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }
}

/** A page says first how large it is and which terminal it wants. @throws TandemError invalid_request, request_timeout. */
function firstWord(socket: WebSocket): Promise<Extract<Word, { type: 'open' }>> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => done(() => reject(new TandemError('request_timeout', { params: { seconds: FIRST_WORD_MS / 1_000 } }))), FIRST_WORD_MS);
    const onMessage = (data: RawData, binary: boolean): void => done(() => {
      socket.pause();
      try {
        const said = binary ? undefined : readWord(data);
        if (said?.type !== 'open') throw new TandemError('invalid_request', { params: { reason: 'The first message must be the JSON object that opens a terminal.' } });
        resolve(said);
      } catch (error) {
        reject(error);
      }
    });
    const onClose = (): void => done(() => reject(new TandemError('invalid_request', { params: { reason: 'The page left.' } })));
    const done = (then: () => void): void => {
      clearTimeout(late);
      socket.off('message', onMessage).off('close', onClose);
      then();
    };
    socket.on('message', onMessage).on('close', onClose);
    socket.resume();
  });
}

/** @throws TandemError invalid_request */
function readWord(data: RawData): Word {
  let value: unknown;
  try {
    value = JSON.parse(bytesOf(data).toString());
  } catch {
    value = undefined;
  }
  const read = word.safeParse(value);
  if (!read.success) throw new TandemError('invalid_request', { params: { reason: 'A message was none that a terminal knows.' } });
  return read.data;
}

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
