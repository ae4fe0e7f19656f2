import type { Currency } from '../base/index.ts';
import type { Role } from './role.ts';

/** Who did something, as the audit trail and replies name them. `id` is null for the system itself. */
export interface Actor {
  readonly kind: 'key' | 'member' | 'service-account' | 'system';
  readonly id: string | null;
  readonly label: string;
}

/** Which price list a project's calls are rated by. */
export type Tier = 'standard' | 'contributor';

/** A caller whose key or session has been checked: what every room decides by. */
export interface Principal {
  readonly organisationId: string;
  /** Null: every project of the organisation. A principal with a project sees nothing outside it. */
  readonly projectId: string | null;
  /** The key in use; also set for a session that was opened by key. */
  readonly keyId: string | null;
  readonly actor: Actor;
  readonly role: Role;
  /** Aliases that may be called; null: all. */
  readonly allowedModels: readonly string[] | null;
  /** The tier of the project, or of the organisation's first project when there is no project. */
  readonly tier: Tier;
  readonly currency: Currency;
  /** Of the operator's own organisation, the first of this server: others are its tenants. */
  readonly ofOperator: boolean;
  readonly sessionId: string | null;
  /** When key or session ends by itself, UTC milliseconds; null: never. */
  readonly expiresAtMs: number | null;
}
