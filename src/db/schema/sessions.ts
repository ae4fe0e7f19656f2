import type { ColumnType } from 'kysely';

type Written<T> = ColumnType<T, T, never>;

/** Somebody who looks at a lease's screen. */
export interface LeaseViewerRow {
  organisation_id: Written<string>;
  id: Written<string>;
  lease_id: Written<string>;
  actor_id: Written<string>;
  /** How others are told of them. */
  label: Written<string>;
  mode: Written<'view' | 'control'>;
  /** Whose say it was; their own where nobody's was needed; null: from before that was kept. */
  given_by: Written<string | null>;
  /** Renewed while they look: what is not was of a process that died. */
  seen_at: Date;
}

/** What was recorded of one session in a lease; its pieces are in `lease_recording_pieces`. */
export interface LeaseRecordingRow {
  organisation_id: Written<string>;
  /** As the machine named it. */
  id: Written<string>;
  lease_id: Written<string>;
  machine_id: Written<string>;
  /** A terminal in the browser, a shell by SSH, a command such as scp, or a connection for ports alone. */
  kind: Written<'terminal' | 'shell' | 'command' | 'connection'>;
  person: Written<string>;
  /** Sealed under `lease_recordings:<id>:command`; null: none was given. */
  sealed_command: Written<Buffer | null>;
  /** `refused`: what the machine sent was no recording. Nothing of it is kept. */
  state: Written<'kept' | 'refused'>;
  reason: Written<string | null>;
  /** False: who had the machine could have changed it. */
  tamper_proof: Written<boolean>;
  /** False: it was longer than is kept, or was cut off. */
  whole: Written<boolean>;
  /** Of the recording; 0: only when it was and what was run. */
  bytes: Written<number>;
  columns: Written<number | null>;
  rows: Written<number | null>;
  exit_code: Written<number | null>;
  started_at: Written<Date>;
  ended_at: Written<Date>;
  created_at: Written<Date>;
  expires_at: Written<Date>;
}

/** A piece of a recording, sealed under `lease_recordings:<id>:<piece>`. */
export interface LeaseRecordingPieceRow {
  organisation_id: Written<string>;
  recording_id: Written<string>;
  piece: Written<number>;
  sealed: Written<Buffer>;
}

export interface SessionTables {
  lease_viewers: LeaseViewerRow;
  lease_recordings: LeaseRecordingRow;
  lease_recording_pieces: LeaseRecordingPieceRow;
}
