import type { RemoteBackend } from '../remote/remote-backend.ts';

/** Where models run. */
export interface Backend {
  readonly id: string;
  readonly name: string;
  readonly kind: 'local' | 'openai-compatible';
  /** Whose it is; the operator's are used by every organisation. */
  readonly organisationId: string;
  readonly url: string | null;
  readonly hasKey: boolean;
  readonly enabled: boolean;
  readonly from: 'built-in' | 'config' | 'api';
  readonly createdAtMs: number;
  /** Set for every kind but `local`. */
  readonly remote: RemoteBackend | null;
}

/** A model's name as callers write it, and what it leads to. */
export interface Target {
  readonly alias: string;
  readonly organisationId: string;
  readonly backend: Backend;
  readonly backendModel: string;
  /** Prompt and answer together; null: unknown. */
  readonly contextTokens: number | null;
  /** The most that one answer may have; sent to the backend where the caller gives no limit. */
  readonly maxOutputTokens: number;
  /** Under which name the limit is sent where the caller gives none. */
  readonly capField: 'max_tokens' | 'max_completion_tokens';
  readonly createdAtMs: number;
}
