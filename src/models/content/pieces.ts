import { sql } from 'kysely';
import type { SecretBox } from '../../base/index.ts';
import type { Database, Executor } from '../../db/index.ts';

/** Plain bytes of one piece: what a reader holds of a large content at a time. */
export const PIECE_BYTES = 256 * 1024;

/** Writes a content's bytes as sealed pieces. Memory: one piece. */
export class PieceWriter {
  readonly #executor: Executor;
  readonly #database: Pick<Database, 'scoped'>;
  readonly #secrets: SecretBox;
  readonly #organisationId: string;
  readonly #id: string;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #piece = 0;
  bytes = 0;

  constructor(parts: { executor: Executor; database: Pick<Database, 'scoped'>; secrets: SecretBox; organisationId: string; id: string }) {
    this.#executor = parts.executor;
    this.#database = parts.database;
    this.#secrets = parts.secrets;
    this.#organisationId = parts.organisationId;
    this.#id = parts.id;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#waiting.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    this.#waitingBytes += chunk.byteLength;
    this.bytes += chunk.byteLength;
    if (this.#waitingBytes < PIECE_BYTES) return;
    const bytes = Buffer.concat(this.#waiting, this.#waitingBytes);
    let at = 0;
    for (; bytes.length - at >= PIECE_BYTES; at += PIECE_BYTES) await this.#keep(bytes.subarray(at, at + PIECE_BYTES));
    const rest = bytes.subarray(at);
    this.#waiting = rest.length === 0 ? [] : [rest];
    this.#waitingBytes = rest.length;
  }

  async end(): Promise<void> {
    if (this.#waitingBytes > 0) await this.#keep(Buffer.concat(this.#waiting, this.#waitingBytes));
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  async #keep(bytes: Buffer): Promise<void> {
    const piece = this.#piece;
    this.#piece += 1;
    await this.#database.scoped(this.#organisationId, this.#executor)
      .insertInto('content_pieces', { content_id: this.#id, piece, sealed: this.#secrets.seal(bytes, pieceContext(this.#id, piece)) }).execute();
  }
}

/** A content's bytes, piece by piece. */
export async function* readPieces(executor: Executor, secrets: SecretBox, organisationId: string, id: string): AsyncGenerator<Buffer, void, undefined> {
  for (let piece = 0; ; piece += 1) {
    const { rows: [row] } = await sql<{ sealed: Buffer }>`select sealed from content_pieces
      where organisation_id = ${organisationId} and content_id = ${id} and piece = ${piece}`.execute(executor);
    if (row === undefined) return;
    yield secrets.open(row.sealed, pieceContext(id, piece));
  }
}

/** Where a piece stands: its sealed bytes do not open in any other place. */
function pieceContext(id: string, piece: number): string {
  return `contents:${id}:${piece}`;
}
