import { DEFAULT_DEADLINES, type DeadlineLimits } from '../deadlines.ts';
import type { DialectOut } from '../neutral/parts.ts';
import type { RemoteBackend } from '../remote/remote-backend.ts';

/** What a backend speaks, as operators name it. */
export const BACKEND_KINDS = ['local', 'openai-compatible', 'openai-responses', 'anthropic', 'gemini', 'bedrock'] as const;
export type BackendKind = (typeof BACKEND_KINDS)[number];

export const DIALECT_OF: Readonly<Record<BackendKind, DialectOut>> = {
  local: 'local', 'openai-compatible': 'chat', 'openai-responses': 'responses', anthropic: 'messages', gemini: 'gemini', bedrock: 'bedrock',
};

/** What a backend allows one of its keys; null: no limit known. */
export interface KeyLimits {
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
  readonly parallel: number | null;
}
export const NO_LIMITS: KeyLimits = { requestsPerMinute: null, tokensPerMinute: null, parallel: null };

/** One way to a backend: its sockets with one key, or without any. */
export interface Connection {
  /** The key's id; the backend's own where there is no key. */
  readonly id: string;
  /** What people call the key; `''` where there is none. */
  readonly label: string;
  /** Another one when the key was replaced: what was known of the old one does not hold for the new. */
  readonly version: string;
  readonly limits: KeyLimits;
  /** Null: the key cannot be opened. */
  readonly remote: RemoteBackend | null;
}

/** Where models run. */
export interface Backend {
  readonly id: string;
  readonly name: string;
  readonly kind: BackendKind;
  /** Whose it is; the operator's are used by every organisation. */
  readonly organisationId: string;
  readonly url: string | null;
  /** What its dialect needs beside the key: a region, a version. */
  readonly options: Readonly<Record<string, string>>;
  readonly hasKey: boolean;
  readonly enabled: boolean;
  readonly from: 'built-in' | 'config' | 'api' | 'fleet';
  readonly createdAtMs: number;
  /** In the order in which they were given; none for `local` alone. */
  readonly connections: readonly Connection[];
  /** The first connection. */
  readonly remote: RemoteBackend | null;
}

/** Where it is changed, in words. */
export const ORIGINS: Readonly<Record<Backend['from'], string>> = { 'built-in': 'the server itself', config: 'the operator\'s file', api: 'the API', fleet: 'tandem gpu serve' };

export const CAPABILITIES = ['tools', 'images', 'files', 'schema', 'reasoning', 'logprobs'] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** A model on a backend, as one of those that an alias names. */
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
  /** What the model is said to do or not to do; what is not said is tried. */
  readonly can: Readonly<Partial<Record<Capability, boolean>>>;
  /** Its share beside the other targets; 0: only where no other can answer. */
  readonly weight: number;
  /** Those with a lesser one go first, whatever the goal. */
  readonly order: number;
  readonly region: string | null;
  readonly enabled: boolean;
  readonly createdAtMs: number;
}

/** What `Target` has where nobody says more. */
export const PLAIN_TARGET = { can: {}, weight: 1, order: 0, region: null, enabled: true } as const;

/** By what one of several targets is chosen. */
export const GOALS = ['weights', 'order', 'cheapest', 'fastest', 'least-busy', 'same-prefix'] as const;
export type Goal = (typeof GOALS)[number];

/** A second attempt beside one that has not begun to answer. */
export interface HedgeLimits {
  /** When it starts; null: at the p95 of what the target has shown. */
  readonly afterMs: number | null;
  /** Of what the alias spends, how much at most may go to attempts that lost: 0.05 is a twentieth. */
  readonly share: number;
}

/** How calls by one name are tried. */
export interface CallLimits {
  /** Attempts at most, the first included. */
  readonly attempts: number;
  /** No attempt starts later than this after the call. */
  readonly attemptsWithinMs: number;
  readonly deadlines: DeadlineLimits;
  /** Null: off. */
  readonly hedge: HedgeLimits | null;
}

/** A target that is silent until its first-token deadline leaves time for another; after ten minutes clients have given up (see `DEFAULT_DEADLINES`). */
export const DEFAULT_LIMITS: CallLimits = { attempts: 3, attemptsWithinMs: 600_000, deadlines: DEFAULT_DEADLINES, hedge: null };

/** A model's name as callers write it, and what it leads to. */
export interface Alias {
  readonly name: string;
  readonly organisationId: string;
  readonly goal: Goal;
  /** Which regions go first, in this order; the others follow. */
  readonly regions: readonly string[];
  /** One at least. */
  readonly targets: readonly Target[];
  readonly limits: CallLimits;
  readonly from: Backend['from'];
  readonly createdAtMs: number;
  /** Its targets are replicas that come and go; absent: they are not. */
  readonly serving?: ServedAlias;
}

/** An alias that is served from the fleet. */
export interface ServedAlias {
  readonly id: string;
  /** Some replica answers. Else the one target stands for none. */
  readonly ready: boolean;
  /** What a call gets meanwhile. */
  readonly cold: 'wait' | 'refuse';
  /** How long a start usually takes; null: there was none yet. */
  readonly coldStartMs: number | null;
}
