import type { Duplex } from 'node:stream';
import { FrameReader, KIND, frameHead, type Frame, type Kind } from './frame.ts';
import { decodeMessage, encodeMessage, textOf, type Message } from './message.ts';
import { WireError } from './wire-error.ts';
import { WireStream, type StreamLine } from './wire-stream.ts';

/** What a side does about what the other one sends. */
export interface SessionHandlers {
  /** One question. What it throws is told to the other side: the `code` and text of a WireError, of all else only that it failed. */
  answer(name: string, params: Message): Promise<Message>;
  /** A stream that the other side opened. What it throws refuses it. */
  accept(name: string, params: Message, stream: WireStream): Promise<void>;
  event(name: string, fields: Message): void;
  /** The session is over, once. No error: it was closed in order. */
  closed(error: Error | undefined): void;
}

export interface SessionOptions {
  readonly socket: Duplex;
  /** The server's streams have odd numbers, the agent's even ones. */
  readonly side: 'server' | 'agent';
  readonly handlers: SessionHandlers;
  readonly limits?: Partial<typeof LIMITS>;
}

/** What the other side may have open at a time; more ends the session. */
const LIMITS = { streams: 512, questions: 128 };
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;
const EMPTY = Buffer.alloc(0);

interface Question {
  resolve(answer: Message): void;
  reject(error: Error): void;
}

/** Questions, events and streams over one socket, after the hellos. The same class at both ends. */
export class Session {
  readonly #socket: Duplex;
  readonly #handlers: SessionHandlers;
  readonly #limits: typeof LIMITS;
  readonly #reader = new FrameReader();
  readonly #streams = new Map<number, WireStream>();
  readonly #asked = new Map<number, Question>();
  readonly #waiting = new Set<WireStream>();
  readonly #line: StreamLine;
  readonly #ownParity: number;
  #nextStream: number;
  #lastTheirs = 0;
  #nextQuestion = 1;
  #answering = 0;
  #pings: (() => void)[] = [];
  #over = false;
  #corked = false;
  /** Counts whatever arrives, so that a watcher sees life without a frame of its own. */
  framesIn = 0;

  /** @param options `socket` past its hellos: what was read with them goes to `receive` first. */
  constructor(options: SessionOptions) {
    this.#socket = options.socket;
    this.#handlers = options.handlers;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#ownParity = options.side === 'server' ? 1 : 0;
    this.#nextStream = options.side === 'server' ? 1 : 2;
    this.#line = this.#makeLine();
    const { socket } = options;
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('drain', () => this.#drained());
    socket.on('error', (error: Error) => this.#end(error));
    socket.on('close', () => this.#end(new WireError('closed', 'the connection was closed')));
    socket.on('end', () => this.#end(new WireError('closed', 'the other side closed the connection')));
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  get over(): boolean {
    return this.#over;
  }

  /** One question to the other side. @throws WireError with the other side's code, or when the session ends first. */
  ask(name: string, params: Message, signal?: AbortSignal): Promise<Message> {
    if (this.#over) return Promise.reject(new WireError('closed', 'the connection is closed'));
    if (this.#asked.size >= this.#limits.questions) return Promise.reject(new WireError('busy', 'too many questions wait for an answer'));
    const number = this.#nextQuestion;
    this.#nextQuestion = number === 0xffff_ffff ? 1 : number + 1;
    const payload = encodeMessage({ name, params });
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#asked.delete(number);
        reject(new WireError('timeout', `no answer to ${name} in time`));
      };
      if (signal?.aborted) return leave();
      const settle = <T>(then: (value: T) => void) => (value: T): void => {
        signal?.removeEventListener('abort', leave);
        then(value);
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#asked.set(number, { resolve: settle(resolve), reject: settle(reject) });
      this.#send(KIND.request, number, payload);
    });
  }

  tell(name: string, fields: Message): void {
    if (!this.#over) this.#send(KIND.event, 0, encodeMessage({ name, fields }));
  }

  /** Opens a stream. A refusal comes as its error. @throws WireError when the session is over or too many are open. */
  open(name: string, params: Message): WireStream {
    if (this.#over) throw new WireError('closed', 'the connection is closed');
    if (this.#streams.size >= this.#limits.streams) throw new WireError('busy', 'too many streams are open');
    const id = this.#nextStream;
    this.#nextStream += 2;
    const stream = new WireStream(id, this.#line);
    this.#streams.set(id, stream);
    this.#send(KIND.open, id, encodeMessage({ name, params }));
    return stream;
  }

  /** Resolves when the other side has answered; never rejects: the end of the session is told by `closed`. */
  ping(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#over) return;
      this.#pings.push(resolve);
      this.#send(KIND.ping, 0, Buffer.alloc(8));
    });
  }

  /** Ends the session and tells the other side why. */
  close(code: string, reason = ''): void {
    if (this.#over) return;
    this.#send(KIND.reset, 0, encodeMessage({ code, reason: reason.slice(0, 300) }));
    this.#socket.end();
    this.#end(undefined);
  }

  /** What the socket read. Public for the chunk that came with the hello. */
  receive(chunk: Buffer): void {
    if (this.#over) return;
    try {
      for (const frame of this.#reader.push(chunk)) {
        this.framesIn += 1;
        this.#take(frame);
        if (this.#over) return;
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#end(error);
    }
  }

  #take({ kind, stream, payload, begins }: Frame): void {
    switch (kind) {
      case KIND.request: return this.#answer(stream, payload);
      case KIND.reply: return this.#answered(stream, payload);
      case KIND.event: return this.#handlers.event(...named(decodeMessage(payload), 'fields'));
      case KIND.open: return this.#accept(stream, payload);
      case KIND.data: return this.#streamOf(stream)?.receive(payload, begins);
      case KIND.credit: return this.#streamOf(stream)?.receiveCredit(payload.length === 4 ? payload.readUInt32BE(0) : fail('a credit of another length'));
      case KIND.end: return this.#streamOf(stream)?.receiveEnd();
      case KIND.reset: return this.#reset(stream, payload);
      case KIND.ping: return this.#send(KIND.pong, 0, payload);
      case KIND.pong: return this.#pings.shift()?.();
      case KIND.hello: return fail('a second hello');
      default: return kind satisfies never;
    }
  }

  #answer(number: number, payload: Buffer): void {
    if (this.#answering >= this.#limits.questions) fail('too many questions at a time');
    const [name, params] = named(decodeMessage(payload), 'params');
    this.#answering += 1;
    void this.#handlers.answer(name, params)
      .then((value) => encodeMessage({ value }), (error: unknown) => encodeMessage({ error: told(error) }))
      .catch((error: unknown) => encodeMessage({ error: told(error) }))
      .then((reply) => {
        this.#answering -= 1;
        if (!this.#over) this.#send(KIND.reply, number, reply);
      });
  }

  #answered(number: number, payload: Buffer): void {
    // Who asked may have left meanwhile.
    const question = this.#asked.get(number);
    if (question === undefined) return;
    this.#asked.delete(number);
    const { value, error } = decodeMessage(payload);
    if (isObject(error)) return question.reject(new WireError(textOf(error, 'code', 64), textOf(error, 'message', 1_000)));
    if (!isObject(value)) fail('a reply without a value');
    question.resolve(value as Message);
  }

  #accept(id: number, payload: Buffer): void {
    if (id % 2 === this.#ownParity || id <= this.#lastTheirs) fail('a stream of a wrong number');
    this.#lastTheirs = id;
    const [name, params] = named(decodeMessage(payload), 'params');
    const stream = new WireStream(id, this.#line);
    if (this.#streams.size >= this.#limits.streams) {
      this.#line.sendReset(id, 'busy');
      return;
    }
    this.#streams.set(id, stream);
    // Whoever takes the stream hears of its error; one that nobody took must not end the process.
    stream.on('error', () => {});
    this.#handlers.accept(name, params, stream).catch((error: unknown) => stream.destroy(error instanceof WireError ? error : new WireError('failed', 'the stream could not be opened')));
  }

  /** Undefined: the stream ended here while this was on its way. */
  #streamOf(id: number): WireStream | undefined {
    const stream = this.#streams.get(id);
    if (stream === undefined && (id % 2 === this.#ownParity ? id >= this.#nextStream : id > this.#lastTheirs)) fail('a stream that was never opened');
    return stream;
  }

  #reset(id: number, payload: Buffer): void {
    const message = payload.length === 0 ? {} : decodeMessage(payload);
    const code = typeof message['code'] === 'string' ? message['code'].slice(0, 64) : 'unknown';
    if (id !== 0) return this.#streamOf(id)?.receiveReset(code);
    const reason = typeof message['reason'] === 'string' ? message['reason'].slice(0, 300) : '';
    this.#end(new WireError(code, reason === '' ? 'the other side ended the connection' : reason));
  }

  #makeLine(): StreamLine {
    return {
      hasRoom: () => !this.#socket.writableNeedDrain,
      sendData: (id, chunk) => this.#send(KIND.data, id, chunk),
      whenRoom: (stream) => void this.#waiting.add(stream),
      sendCredit: (id, bytes) => {
        const payload = Buffer.allocUnsafe(4);
        payload.writeUInt32BE(bytes);
        this.#send(KIND.credit, id, payload);
      },
      sendEnd: (id) => this.#send(KIND.end, id, EMPTY),
      sendReset: (id, code) => this.#send(KIND.reset, id, encodeMessage({ code })),
      closed: (stream) => {
        this.#streams.delete(stream.id);
        this.#waiting.delete(stream);
      },
    };
  }

  #send(kind: Kind, stream: number, payload: Buffer): void {
    if (this.#over || this.#socket.destroyed) return;
    if (!this.#corked) {
      // What one turn of the loop writes goes out in one piece, and head and payload never in two.
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(frameHead(kind, stream, payload.length));
    if (payload.length > 0) this.#socket.write(payload);
    // Data waits for room, so this much is answers to somebody who asks and does not read.
    if (this.#socket.writableLength > MAX_UNREAD_BYTES) this.#end(new WireError('unread', 'the other side does not read'));
  }

  /** Whoever waited longest goes first, one after the other, until the socket is full again. */
  #drained(): void {
    for (const stream of this.#waiting) {
      if (this.#socket.writableNeedDrain) return;
      this.#waiting.delete(stream);
      stream.pump();
    }
  }

  #end(error: Error | undefined): void {
    if (this.#over) return;
    this.#over = true;
    if (error !== undefined) this.#socket.destroy();
    const why = error ?? new WireError('closed', 'the connection was closed');
    for (const question of this.#asked.values()) question.reject(why);
    this.#asked.clear();
    for (const stream of this.#streams.values()) stream.receiveReset('connection');
    this.#handlers.closed(error);
  }
}

function named(message: Message, rest: 'fields' | 'params'): [string, Message] {
  const value = message[rest];
  if (!isObject(value)) fail(`a message without ${rest}`);
  return [textOf(message, 'name', 64), value as Message];
}

function told(error: unknown): Message {
  if (error instanceof WireError) return { code: error.code, message: error.message.slice(0, 1_000) };
  return { code: 'failed', message: 'it failed' };
}

function isObject(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fail(message: string): never {
  throw new WireError('protocol', message);
}
