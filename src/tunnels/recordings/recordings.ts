import type { Selectable } from 'kysely';
import { TandemError, isUuid, type Clock, type Logger, type SecretBox } from '../../base/index.ts';
import { demand, type Access, type Principal } from '../../access/index.ts';
import type { Database, Schema } from '../../db/index.ts';
import type { NodeLink } from '../../fleet/index.ts';
import type { LeaseDoor } from '../ports.ts';
import { CastFault, MOST_CAST_BYTES, readCast } from './cast.ts';
import { readTold, type ToldRecording } from './facts.ts';

export interface RecordingsOptions {
  readonly link: Pick<NodeLink, 'ask'>;
  readonly database: Database;
  readonly secrets: SecretBox;
  readonly clock: Clock;
  readonly log: Logger;
  readonly audit: Access['audit'];
}

/** A recording as the control API shows it. */
export interface RecordingView {
  readonly id: string;
  readonly leaseId: string;
  readonly machineId: string;
  readonly kind: 'terminal' | 'shell' | 'command' | 'connection';
  readonly person: string;
  readonly command: string | null;
  readonly state: 'kept' | 'refused';
  readonly reason: string | null;
  readonly tamperProof: boolean;
  readonly whole: boolean;
  /** Of what can be played; 0: there is nothing to play. */
  readonly bytes: number;
  readonly columns: number | null;
  readonly rows: number | null;
  readonly exitCode: number | null;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly expiresAt: string;
}

/** A recording as a file. */
export interface RecordingFile {
  readonly type: string;
  readonly name: string;
  readonly chunks: AsyncIterable<string>;
}

const KEPT_DAYS = 30;
const DAY_MS = 86_400_000;
const PIECE_BYTES = 256 * 1024;
type Row = Selectable<Schema['lease_recordings']>;

/** Recordings of sessions in leases: fetched from nodes, kept sealed for thirty days, and watched by who may. */
export class Recordings {
  readonly #options: RecordingsOptions;
  readonly #fetching = new Map<string, Promise<void>>();
  #leases: LeaseDoor | undefined;

  constructor(options: RecordingsOptions) {
    this.#options = options;
  }

  /** Who may see leases is asked there. */
  useLeases(leases: LeaseDoor): void {
    this.#leases = leases;
  }

  /** Fetches what a node has recorded, one fetch of a node at a time. Called whenever the node says that it has something. */
  fetch(nodeId: string): Promise<void> {
    const running = this.#fetching.get(nodeId);
    if (running !== undefined) return running;
    const fetching = this.#fetch(nodeId).catch((error: unknown) => {
      this.#options.log.warn({ node: nodeId, reason: error instanceof Error ? error.message : 'unknown' }, 'recordings of a node could not be fetched');
    }).finally(() => this.#fetching.delete(nodeId));
    this.#fetching.set(nodeId, fetching);
    return fetching;
  }

  /** Resolves when nothing is being fetched. */
  async settled(): Promise<void> {
    await Promise.all(this.#fetching.values());
  }

  /** Those of a lease, newest first. @throws TandemError as seeing the lease does. */
  async list(principal: Principal, leaseId: string): Promise<{ items: RecordingView[]; nextCursor: null }> {
    demand(principal, 'leases.read');
    await this.#demandSeen(principal, leaseId);
    const rows = await this.#options.database.scoped(principal.organisationId).selectFrom('lease_recordings').selectAll().where('lease_id', '=', leaseId).orderBy('started_at', 'desc').orderBy('id').limit(500).execute();
    return { items: rows.map((row) => this.#view(row)), nextCursor: null };
  }

  /** What was recorded, as an asciicast. That it is watched is kept in the trail. @throws TandemError resource_not_found, recording_empty. */
  async watch(principal: Principal, id: string): Promise<RecordingFile> {
    demand(principal, 'recordings.read');
    const row = await this.#read(principal, id);
    if (row.bytes === 0) throw new TandemError('recording_empty', { params: { id } });
    const { database, audit } = this.#options;
    await database.transaction((tx) => audit.record(tx, principal, { action: 'recording.watch', resourceKind: 'recording', resourceId: id, change: { leaseId: row.lease_id } }));
    return { type: 'application/x-asciicast', name: `${id}.cast`, chunks: this.#pieces(principal.organisationId, id) };
  }

  /** @throws TandemError resource_not_found. */
  async remove(principal: Principal, id: string): Promise<void> {
    demand(principal, 'recordings.write');
    const row = await this.#read(principal, id);
    const { database, audit } = this.#options;
    await database.transaction(async (tx) => {
      await database.scoped(principal.organisationId, tx).deleteFrom('lease_recordings').where('id', '=', id).execute();
      await audit.record(tx, principal, { action: 'recording.remove', resourceKind: 'recording', resourceId: id, change: { leaseId: row.lease_id } });
    });
  }

  /** Periodic: what is older than it may be goes. */
  async removeExpired(): Promise<void> {
    const { database, clock } = this.#options;
    await database.unscoped('recordings that have expired, of all').deleteFrom('lease_recordings').where('expires_at', '<', new Date(clock.nowMs())).execute();
  }

  async #fetch(nodeId: string): Promise<void> {
    if (this.#leases === undefined) return;
    const { link } = this.#options;
    for (const told of readTold(await link.ask(nodeId, 'recordings.list', {}))) {
      const organisationId = await this.#leases.ownerOn(nodeId, told.lease);
      // Of a lease that was never there nothing is kept: a node can speak for its own leases alone.
      if (organisationId !== undefined) await this.#keep(organisationId, nodeId, told);
      await link.ask(nodeId, 'recordings.remove', { lease: told.lease, id: told.id });
    }
  }

  async #keep(organisationId: string, nodeId: string, told: ToldRecording): Promise<void> {
    const { database, secrets, clock } = this.#options;
    let bytes: Buffer = Buffer.alloc(0);
    let reason: string | null = null;
    let size: { columns: number; rows: number } | undefined;
    try {
      bytes = await this.#download(nodeId, told);
      if (bytes.length > 0) size = await readCast(bytes);
    } catch (error) {
      if (!(error instanceof CastFault)) throw error;
      reason = `What the machine sent is no recording: ${error.message}.`;
      bytes = Buffer.alloc(0);
    }
    const now = clock.nowMs();
    await database.transaction(async (tx) => {
      const own = database.scoped(organisationId, tx);
      const made = await own.insertInto('lease_recordings', {
        id: told.id, lease_id: told.lease, machine_id: nodeId, kind: told.kind, person: told.person, sealed_command: told.command === null ? null : secrets.seal(told.command, commandContext(told.id)),
        state: reason === null ? 'kept' : 'refused', reason, tamper_proof: told.tamperProof, whole: told.whole, bytes: bytes.length, columns: size?.columns ?? null, rows: size?.rows ?? null, exit_code: told.exitCode,
        started_at: new Date(told.startedMs), ended_at: new Date(told.endedMs), created_at: new Date(now), expires_at: new Date(now + KEPT_DAYS * DAY_MS),
      }).onConflict((on) => on.columns(['organisation_id', 'id']).doNothing()).returning('id').executeTakeFirst();
      // The answer to the removal was lost the last time.
      if (made === undefined) return;
      for (let piece = 0; piece * PIECE_BYTES < bytes.length; piece += 1) {
        const part = bytes.subarray(piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES);
        await own.insertInto('lease_recording_pieces', { recording_id: told.id, piece, sealed: secrets.seal(part, pieceContext(told.id, piece)) }).execute();
      }
    });
  }

  /** @throws CastFault for more than a recording may have. */
  async #download(nodeId: string, { lease, id }: ToldRecording): Promise<Buffer> {
    const parts: Buffer[] = [];
    let at = 0;
    for (;;) {
      const { part } = ((await this.#options.link.ask(nodeId, 'recordings.read', { lease, id, at })) ?? {}) as { part?: unknown };
      const bytes = Buffer.from(typeof part === 'string' ? part : '', 'base64');
      if (bytes.length === 0) return Buffer.concat(parts, at);
      at += bytes.length;
      if (at > MOST_CAST_BYTES) throw new CastFault(`it has more than ${MOST_CAST_BYTES} bytes`);
      parts.push(bytes);
    }
  }

  async *#pieces(organisationId: string, id: string): AsyncGenerator<string, void, undefined> {
    const { database, secrets } = this.#options;
    // A letter may lie across two pieces.
    const decoder = new TextDecoder();
    for (let piece = 0; ; piece += 1) {
      const row = await database.scoped(organisationId).selectFrom('lease_recording_pieces').select('sealed').where('recording_id', '=', id).where('piece', '=', piece).executeTakeFirst();
      if (row === undefined) return;
      yield decoder.decode(secrets.open(row.sealed, pieceContext(id, piece)), { stream: true });
    }
  }

  async #read(principal: Principal, id: string): Promise<Row> {
    const row = isUuid(id) ? await this.#options.database.scoped(principal.organisationId).selectFrom('lease_recordings').selectAll().where('id', '=', id).executeTakeFirst() : undefined;
    if (row === undefined) throw new TandemError('resource_not_found', { params: { kind: 'recording', id, verb: 'leases recordings LEASE' } });
    await this.#demandSeen(principal, row.lease_id);
    return row;
  }

  async #demandSeen(principal: Principal, leaseId: string): Promise<void> {
    if (this.#leases === undefined) throw new TandemError('resource_not_found', { params: { kind: 'lease', id: leaseId, verb: 'leases' } });
    await this.#leases.show(principal, leaseId);
  }

  #view(row: Row): RecordingView {
    return {
      id: row.id, leaseId: row.lease_id, machineId: row.machine_id, kind: row.kind, person: row.person, command: row.sealed_command === null ? null : this.#options.secrets.open(row.sealed_command, commandContext(row.id)).toString(),
      state: row.state, reason: row.reason, tamperProof: row.tamper_proof, whole: row.whole, bytes: row.bytes, columns: row.columns, rows: row.rows, exitCode: row.exit_code,
      startedAt: row.started_at.toISOString(), endedAt: row.ended_at.toISOString(), expiresAt: row.expires_at.toISOString(),
    };
  }
}

const commandContext = (id: string): string => `lease_recordings:${id}:command`;
const pieceContext = (id: string, piece: number): string => `lease_recordings:${id}:${piece}`;
