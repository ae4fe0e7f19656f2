import type { Socket } from 'node:net';
import { LaneReply, type ReplyConnection } from './reply.ts';
import { LaneRequest, readHead, type RequestHead } from './request.ts';

/** What a connection of the lane needs of the server around it. */
export interface LaneHouse {
  readonly keepAlive: string;
  readonly mostHeadBytes: number;
  readonly mostBodyBytes: number;
  /** Nothing new is accepted: what comes now is Node's to refuse. */
  readonly draining: boolean;
  /** A body that has yet to arrive is read only for a caller who may send it. */
  mayRead(request: LaneRequest): boolean;
  /** Answers a call; `connection.over` is called when its reply is. */
  serve(request: LaneRequest, reply: LaneReply): void;
  began(): void;
  ended(): void;
  /** Gives the connection to Node's server, for good, with the bytes that have been read of it. */
  handOver(connection: LaneConnection, read: Buffer): void;
  /** It is gone from the lane. */
  left(connection: LaneConnection): void;
}

const END_OF_HEAD = '\r\n\r\n';
const NONE = Buffer.alloc(0);

/** One client's connection, as long as it sends nothing but plain calls, one after the other. */
export class LaneConnection implements ReplyConnection {
  readonly socket: Socket;
  /** How many sweeps have found it as it is; the lane's. */
  since = 0;
  /** Whether a call was answered on it. */
  served = false;
  readonly #house: LaneHouse;
  #reply: LaneReply | null = null;
  /** The head of a request whose body is arriving, and what has arrived of it. */
  #head: RequestHead | null = null;
  #read: Buffer[] = [];
  #readBytes = 0;
  /** Where the body begins in what was read. */
  #bodyAt = 0;
  /** What came while a reply was running. */
  #early: Buffer = NONE;

  constructor(socket: Socket, house: LaneHouse) {
    this.socket = socket;
    this.#house = house;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  get keepAlive(): string {
    return this.#house.draining ? 'connection: close\r\n' : this.#house.keepAlive;
  }

  /** Whether a call is running. */
  get busy(): boolean {
    return this.#reply !== null;
  }

  /** Whether a request has begun to arrive and is not whole. */
  get waiting(): boolean {
    return this.#head !== null;
  }

  /** The last byte of a reply was taken: the next request may come. */
  readonly flushed = (error?: Error | null): void => {
    const reply = this.#reply;
    // Where the socket failed, its closing says so.
    if (reply === null || error) return;
    this.#reply = null;
    this.since = 0;
    this.served = true;
    reply.writableFinished = true;
    this.#house.ended();
    reply.closed();
    if (this.#house.draining) return void this.socket.end();
    const early = this.#early;
    if (early.length === 0) return;
    this.#early = NONE;
    this.socket.resume();
    this.#onData(early);
  };

  readonly #onData = (chunk: Buffer): void => {
    if (this.#reply !== null) {
      // Nobody is held to wait for the answer before the next question, but one at a time is answered.
      this.#early = this.#early.length === 0 ? chunk : Buffer.concat([this.#early, chunk]);
      this.socket.pause();
    } else if (this.#head === null) {
      this.#begin(chunk);
    } else {
      this.#read.push(chunk);
      this.#readBytes += chunk.length;
      this.#go(this.#head);
    }
  };

  #begin(chunk: Buffer): void {
    const endOfHead = chunk.indexOf(END_OF_HEAD);
    const head = endOfHead === -1 || endOfHead > this.#house.mostHeadBytes || this.#house.draining ? null : readHead(chunk.toString('latin1', 0, endOfHead + 2));
    if (head === null || head.length > this.#house.mostBodyBytes) return this.#handOver(chunk);
    this.#bodyAt = endOfHead + 4;
    if (chunk.length >= this.#bodyAt + head.length) return this.#serveFirst(head, chunk);
    // Its body has yet to come, and nobody knows its sender.
    if (!this.#house.mayRead(new LaneRequest(head, this.socket, NONE))) return this.#handOver(chunk);
    this.#head = head;
    this.#read = [chunk];
    this.#readBytes = chunk.length;
    this.since = 0;
  }

  #go(head: RequestHead): void {
    const whole = this.#bodyAt + head.length;
    if (this.#readBytes < whole) return;
    this.#serveFirst(head, this.#takeRead());
  }

  /** What follows the request waits for its reply, whatever it is: what cannot be read is refused after it, not in its place. */
  #serveFirst(head: RequestHead, read: Buffer): void {
    const end = this.#bodyAt + head.length;
    if (read.length > end) {
      this.#early = read.subarray(end);
      this.socket.pause();
    }
    this.#serve(head, read.subarray(this.#bodyAt, end));
  }

  #takeRead(): Buffer {
    const read = this.#read.length === 1 ? this.#read[0]! : Buffer.concat(this.#read, this.#readBytes);
    this.#head = null;
    this.#read = [];
    this.#readBytes = 0;
    return read;
  }

  #serve(head: RequestHead, body: Buffer): void {
    const reply = new LaneReply(this);
    this.#reply = reply;
    this.#house.began();
    this.#house.serve(new LaneRequest(head, this.socket, body), reply);
  }

  #handOver(read: Buffer): void {
    const { socket } = this;
    // It may be broken already, with its error on the way: that finds its listener here, for Node's server would refuse it.
    if (socket.destroyed) return;
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('drain', this.#onDrain);
    socket.off('error', this.#onError);
    socket.off('close', this.#onClose);
    this.#house.handOver(this, read);
  }

  /** A client that closes its side has left, as it has for Node's server. */
  readonly #onEnd = (): void => {
    this.socket.end();
  };

  readonly #onDrain = (): void => {
    this.#reply?.drained();
  };

  /** `close` follows. */
  readonly #onError = (): void => {
    this.socket.destroy();
  };

  readonly #onClose = (): void => {
    const reply = this.#reply;
    this.#reply = null;
    this.#house.left(this);
    if (reply === null) return;
    this.#house.ended();
    reply.closed();
  };
}
