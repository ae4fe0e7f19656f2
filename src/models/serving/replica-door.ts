import { createReadStream } from 'node:fs';
import { request } from 'node:http';
import type { OnReadOpts, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TandemError, printable } from '../../base/index.ts';
import type { NodeLink } from '../../fleet/index.ts';
import type { EngineFile, EngineJob } from './engines/engine.ts';

/** A replica's place: the machine, and its lease there. */
export interface ReplicaPlace {
  readonly nodeId: string;
  readonly leaseId: string;
}

/** How a replica's program is doing, as its node says. */
export interface JobState {
  readonly running: boolean;
  /** How often it has ended since it was begun. */
  readonly exits: number;
  readonly lastExit: string | null;
  /** The end of what it printed. */
  readonly log: string;
}

/** Where every replica listens: each is alone in its lease's network. */
export const REPLICA_PORT = 8_000;

const ASK_MS = 60_000;
const SEND_MS = 30 * 60_000;
const GET_MS = 5_000;
const MOST_REPLY_BYTES = 4 * 1024 * 1024;

/** The way to replicas: their nodes are asked over the agents' connections, and no port is open anywhere. */
export class ReplicaDoor {
  readonly #link: Pick<NodeLink, 'ask' | 'open'>;

  constructor(link: Pick<NodeLink, 'ask' | 'open'>) {
    this.#link = link;
  }

  /** Brings what the job needs to the node, where it is not there yet, and begins it. Can be asked again. @throws TandemError node_unreachable, node_refused. */
  async begin({ nodeId, leaseId }: ReplicaPlace, { command, env, files, node }: EngineJob): Promise<void> {
    for (const file of files) await this.#send(nodeId, file);
    await this.#link.ask(nodeId, 'lease.serve', { lease: leaseId, command, env, node, files: files.map(({ name, sha256, unpack }) => ({ name, sha256, unpack })) }, ASK_MS);
  }

  async job({ nodeId, leaseId }: ReplicaPlace): Promise<JobState> {
    const { running, exits, lastExit, log } = ((await this.#link.ask(nodeId, 'lease.job', { lease: leaseId })) ?? {}) as Record<string, unknown>;
    return {
      running: running === true, exits: typeof exits === 'number' && exits >= 0 ? Math.floor(exits) : 0, lastExit: typeof lastExit === 'string' ? printable(lastExit).slice(0, 200) : null,
      log: typeof log === 'string' ? log.slice(-16_384) : '',
    };
  }

  /** Asks the replica's program for one page. @throws Error when it does not answer in time. */
  async get({ nodeId, leaseId }: ReplicaPlace, path: string): Promise<{ readonly status: number; readonly text: string }> {
    const stream = await this.#link.open(nodeId, 'port', { lease: leaseId, port: REPLICA_PORT });
    const cut = AbortSignal.timeout(GET_MS);
    try {
      return await new Promise((resolve, reject) => {
        cut.addEventListener('abort', () => reject(new Error('it does not answer')), { once: true });
        stream.once('error', reject);
        const call = request({ createConnection: () => stream, method: 'GET', path, host: 'replica', headers: { connection: 'close' } }, (reply) => {
          let text = '';
          reply.setEncoding('utf8').on('data', (piece: string) => {
            text += piece;
            if (text.length > MOST_REPLY_BYTES) reject(new Error('its answer is too long'));
          });
          reply.once('end', () => resolve({ status: reply.statusCode ?? 0, text }));
          reply.once('error', reject);
        });
        call.once('error', reject);
        call.end();
      });
    } finally {
      stream.destroy();
    }
  }

  /** Opens a socket to a replica, for a pool of connections: its bytes are put into the pool's place, as a real socket's would be. */
  connect({ nodeId, leaseId }: ReplicaPlace, place: OnReadOpts, done: (error: Error | null, socket: Socket | null) => void): void {
    this.#link.open(nodeId, 'port', { lease: leaseId, port: REPLICA_PORT }).then((stream) => {
      stream.on('data', (chunk: Buffer) => { pour(chunk, place); });
      done(null, stream as Duplex as Socket);
    }, (error: unknown) => done(Object.assign(new Error('the machine is not connected', { cause: error }), { code: 'EHOSTUNREACH' }), null));
  }

  async #send(nodeId: string, { path, sha256, bytes, unpack }: EngineFile): Promise<void> {
    const { here } = ((await this.#link.ask(nodeId, 'cache.has', { sha256, unpack })) ?? {}) as { here?: unknown };
    if (here === true) return;
    const stream = await this.#link.open(nodeId, 'cache', { sha256, bytes, unpack });
    let said = '';
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => { said = (said + chunk.toString('latin1')).slice(0, 10); });
    try {
      // Both halves: the node says `ok` when what came is what its hash says.
      await Promise.all([pipeline(createReadStream(path), stream, { signal: AbortSignal.timeout(SEND_MS) }), new Promise<void>((resolve, reject) => {
        stream.once('end', resolve);
        stream.once('close', () => reject(new Error('the stream was closed')));
      })]);
      if (said !== 'ok\n') throw new Error('it did not take it');
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown';
      throw new TandemError('node_refused', { params: { name: nodeId, reason: `a file of ${bytes} bytes did not arrive (${printable(reason)})` }, cause: error });
    } finally {
      stream.destroy();
    }
  }
}

/** Into the place in pieces of its size, since it is read only for now. */
function pour(chunk: Buffer, { buffer, callback }: OnReadOpts): void {
  const place = buffer as Buffer;
  for (let at = 0; at < chunk.length; at += place.length) {
    const piece = chunk.subarray(at, at + place.length);
    piece.copy(place);
    callback(piece.length, place);
  }
}
