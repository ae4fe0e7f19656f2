import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { TandemError, newId, type Logger } from '../../base/index.ts';
import { renderError } from '../errors/render.ts';
import { answerRaw } from '../listen/client-errors.ts';
import type { Limits } from '../listen/limits.ts';
import { LaneConnection, type LaneHouse } from './connection.ts';
import type { LaneReply } from './reply.ts';
import type { LaneRequest } from './request.ts';

/** A body beyond this is Node's to read: it comes in many pieces anyway. */
const MOST_BODY_BYTES = 1_048_576;

/** What the lane does with what it reads. */
export interface LaneCalls {
  /** Whether a caller's body may be read, by its head. */
  mayRead(request: LaneRequest): boolean;
  /** Answers a call. Whatever comes, the reply ends or its connection is cut. */
  serve(request: LaneRequest, reply: LaneReply): void;
}

export interface LaneOptions extends LaneCalls {
  readonly limits: Limits;
  readonly maxBodyBytes: number;
  readonly log: Logger;
  readonly draining: () => boolean;
  /** A call begins and ends, for who counts them. */
  readonly began: () => void;
  readonly ended: () => void;
}

/**
 * A lane beside Node's HTTP server for the plainest and most frequent requests: calls of a model in one of four forms. Node's own
 * way of reading a request and writing a reply takes a third of what a bare proxy costs; this one reads a strict part of HTTP and nothing
 * else, and gives every connection that sends anything else to Node's server, for good (docs/decisions/0016).
 */
export class Lane implements LaneHouse {
  readonly keepAlive: string;
  readonly mostHeadBytes: number;
  readonly mostBodyBytes: number;
  readonly #options: LaneOptions;
  readonly #connections = new Set<LaneConnection>();
  readonly #nodes: (socket: Socket) => void;
  #sweeps: NodeJS.Timeout | undefined;

  /** Stands before a server's own listener for connections. @param event `secureConnection` where the server speaks TLS. */
  constructor(server: Server, event: 'connection' | 'secureConnection', options: LaneOptions) {
    this.#options = options;
    const { limits, maxBodyBytes } = options;
    this.keepAlive = `connection: keep-alive\r\nkeep-alive: timeout=${Math.floor(limits.keepAliveMs / 1000)}\r\n`;
    this.mostHeadBytes = limits.maxHeaderBytes;
    this.mostBodyBytes = Math.min(MOST_BODY_BYTES, maxBodyBytes);
    const nodes = server.listeners(event);
    this.#nodes = (socket) => {
      for (const listener of nodes) listener.call(server, socket);
    };
    server.removeAllListeners(event);
    server.on(event, (socket: Socket) => this.#take(socket));
    server.on('close', () => clearInterval(this.#sweeps));
  }

  get draining(): boolean {
    return this.#options.draining();
  }

  mayRead(request: LaneRequest): boolean {
    return this.#options.mayRead(request);
  }

  serve(request: LaneRequest, reply: LaneReply): void {
    this.#options.serve(request, reply);
  }

  began(): void {
    this.#options.began();
  }

  ended(): void {
    this.#options.ended();
  }

  left(connection: LaneConnection): void {
    this.#connections.delete(connection);
  }

  handOver(connection: LaneConnection, read: Buffer): void {
    this.#connections.delete(connection);
    const { socket } = connection;
    if (socket.destroyed) return;
    // Paused while it changes hands: what flows with nobody listening is lost.
    socket.pause();
    socket.unshift(read);
    this.#nodes(socket);
    socket.resume();
  }

  /** Closes the connections on which nothing runs, after what was written on them is sent. */
  closeIdle(): void {
    for (const connection of this.#connections) if (!connection.busy) connection.socket.end();
  }

  /** Cuts all that are left. */
  closeAll(): void {
    for (const connection of this.#connections) connection.socket.destroy();
  }

  #take(socket: Socket): void {
    this.#connections.add(new LaneConnection(socket, this));
    this.#sweeps ??= setInterval(() => this.#sweep(), this.#options.limits.checkMs).unref();
  }

  /** One timer for all of them, and a count instead of a clock. */
  #sweep(): void {
    const { limits, log } = this.#options;
    for (const connection of this.#connections) {
      if (connection.busy) continue;
      connection.since += 1;
      const ms = connection.since * limits.checkMs;
      if (connection.waiting) {
        if (ms > limits.requestMs) answerRaw(connection.socket, renderError(new TandemError('request_timeout', { params: { seconds: Math.ceil(limits.requestMs / 1_000) } }), 'openai', newId(), log));
      } else if (ms > (connection.served ? limits.keepAliveMs : limits.headersMs)) {
        connection.socket.destroy();
      }
    }
  }
}
