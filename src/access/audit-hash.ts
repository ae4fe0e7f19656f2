import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical.ts';
import type { Actor } from './principal.ts';

/** What one entry of the audit trail says; everything here is under its hash. */
export interface AuditContent {
  readonly organisationId: string;
  readonly sequence: number;
  readonly id: string;
  /** UTC, ISO 8601, to the millisecond. */
  readonly at: string;
  readonly actor: Actor;
  readonly action: string;
  readonly resourceKind: string;
  readonly resourceId: string | null;
  readonly change: Readonly<Record<string, unknown>>;
}

/** What the first entry of an organisation follows. */
export const GENESIS: Buffer = Buffer.alloc(32);

/** SHA-256 over the canonical JSON of the content and of the hash before it. */
export function auditHash(content: AuditContent, previousHash: Buffer): Buffer {
  const { organisationId, sequence, id, at, actor, action, resourceKind, resourceId, change } = content;
  const text = canonicalJson({
    organisationId, sequence, id, at, actor: { kind: actor.kind, id: actor.id, label: actor.label },
    action, resourceKind, resourceId, change, previousHash: previousHash.toString('hex'),
  });
  return createHash('sha256').update(text).digest();
}

/**
 * A change as it can be stored and read back unaltered: what JSON cannot hold is gone, and strings are
 * well-formed, without control characters, at most 500 characters long.
 */
export function storableChange(change: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(change, (_, value: unknown) => {
    if (typeof value === 'string') return cleanText(value);
    if (typeof value === 'bigint') return value.toString();
    // A number outside the exact range could come back from jsonb as another one.
    if (typeof value === 'number' && !Number.isSafeInteger(value)) return String(value);
    return value;
  })) as Record<string, unknown>;
}

export function cleanText(text: string): string {
  const clean = text.toWellFormed().replace(/\p{Cc}/gu, ' ');
  return clean.length > 500 ? `${clean.slice(0, 497).toWellFormed()}...` : clean;
}
