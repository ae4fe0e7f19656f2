import { TandemError, isTandemError } from '../base/index.ts';
import type { Executor } from '../db/index.ts';
import { bySystem } from './audit.ts';
import { nowOf, type AccessContext } from './context.ts';
import type { Principal } from './principal.ts';
import type { Refusals } from './refusals.ts';
import { makeToken, tokenHash } from './secret-token.ts';

const HOUR_MS = 3_600_000;
const IDLE_MS = 12 * HOUR_MS;
const ABSOLUTE_MS = 7 * 24 * HOUR_MS;
const LINK_MS = 600_000;
/** How exactly a session's last use is written down; every use would be a write per request. */
const SEEN_EVERY_MS = 60_000;

export interface NewSession {
  /** For the cookie; only its hash is stored. */
  readonly token: string;
  /** When the session ends at the latest, UTC, ISO 8601. */
  readonly expiresAt: string;
  readonly maxAgeSeconds: number;
  readonly principal: Principal;
}

/** Whom a session or link acts for: a member, or the bearer of a key with that key's rights. */
export type Subject = { readonly memberId: string } | { readonly keyId: string };

/**
 * Browser sessions: 12 h without use, 7 days at most. One opened by key has the key's rights and ends
 * with the key; one of a member has the member's role of the moment.
 */
export class Sessions {
  readonly #context: AccessContext;
  readonly #refusals: Refusals;

  constructor(context: AccessContext, refusals: Refusals) {
    this.#context = context;
    this.#refusals = refusals;
  }

  /** A one-time link for the caller, 10 minutes long. It gives the caller's own rights, never more. */
  async linkFor(principal: Principal): Promise<{ token: string; expiresAt: string }> {
    const { database, random, newId, audit } = this.#context;
    const subject = subjectOf(principal);
    const { token, hash } = makeToken(random);
    const now = nowOf(this.#context);
    const expiresAt = new Date(now.getTime() + LINK_MS);
    await database.transaction(async (tx) => {
      const id = newId();
      await database.scoped(principal.organisationId, tx).insertInto('sign_in_links', { id, token_hash: hash, ...columns(subject), created_at: now, expires_at: expiresAt }).execute();
      await audit.record(tx, principal, { action: 'sign-in-link.create', resourceKind: 'sign-in-link', resourceId: id, change: { expiresAt: expiresAt.toISOString() } });
    });
    return { token, expiresAt: expiresAt.toISOString() };
  }

  /** Uses a one-time link up; of several at once one wins. @throws TandemError sign_in_expired */
  async exchange(token: string): Promise<NewSession> {
    const { database, directory } = this.#context;
    directory.demandFresh();
    return database.transaction(async (tx) => {
      const now = nowOf(this.#context);
      const link = await tx.updateTable('sign_in_links').set({ used_at: now })
        .where('token_hash', '=', tokenHash(token)).where('used_at', 'is', null).where('expires_at', '>', now).returningAll().executeTakeFirst();
      const subject = link === undefined ? null : subjectFrom(link);
      if (subject === null) throw new TandemError('sign_in_expired');
      return this.open(tx, subject, 'link');
    });
  }

  /** Opens a session with a key's rights. @throws TandemError invalid_api_key */
  async byKey(presentedKey: string): Promise<NewSession> {
    const keyId = this.#demandKey(presentedKey);
    return this.#context.database.transaction((tx) => this.open(tx, { keyId }, 'key'));
  }

  /**
   * Opens a session in a transaction of the caller's; `base` is who the subject is, where the directory cannot know it yet.
   * @throws TandemError sign_in_expired when the subject may no longer act.
   */
  async open(tx: Executor, subject: Subject, by: 'link' | 'key' | 'oidc' | 'invitation', base = this.#principalOf(subject)): Promise<NewSession> {
    const { database, random, newId, audit } = this.#context;
    if (base === null) throw new TandemError('sign_in_expired');
    const { token, hash } = makeToken(random);
    const now = nowOf(this.#context);
    const expiresAt = new Date(Math.min(now.getTime() + ABSOLUTE_MS, base.expiresAtMs ?? Infinity));
    const id = newId();
    await database.scoped(base.organisationId, tx).insertInto('sessions', {
      id, token_hash: hash, ...columns(subject), created_at: now, last_seen_at: now, expires_at: expiresAt,
    }).execute();
    await audit.record(tx, base, { action: 'session.create', resourceKind: 'session', resourceId: id, change: { by, expiresAt: expiresAt.toISOString() } });
    return {
      token, expiresAt: expiresAt.toISOString(), maxAgeSeconds: Math.floor((expiresAt.getTime() - now.getTime()) / 1_000),
      principal: { ...base, sessionId: id, expiresAtMs: Math.min(expiresAt.getTime(), now.getTime() + IDLE_MS) },
    };
  }

  /**
   * Who the cookie's session is. For a request that changes something the header `x-tandem-csrf: 1` must be
   * there: another site's page cannot send it.
   * @throws TandemError session_required, csrf_failed, database_stale.
   */
  async verify(cookieToken: string, csrfHeader: string | null, mutating: boolean): Promise<Principal> {
    const { database, directory, clock } = this.#context;
    directory.demandFresh();
    const row = await database.unscoped('a cookie names its organisation only after this look-up')
      .selectFrom('sessions').selectAll().where('token_hash', '=', tokenHash(cookieToken)).executeTakeFirst();
    const principal = row === undefined ? null : this.#live(row);
    if (row === undefined || principal === null) throw new TandemError('session_required');
    if (mutating && csrfHeader !== '1') throw new TandemError('csrf_failed');
    const nowMs = clock.nowMs();
    if (nowMs - row.last_seen_at.getTime() < SEEN_EVERY_MS) return principal;
    const seenAt = new Date(nowMs);
    await database.scoped(row.organisation_id).updateTable('sessions').set({ last_seen_at: seenAt }).where('id', '=', row.id).execute();
    return this.#live({ ...row, last_seen_at: seenAt }) ?? principal;
  }

  /** Whether a principal from before may still act: for streams, after `directory.onChange` and now and then. @throws like `verify` */
  async recheck(principal: Principal): Promise<void> {
    const { database, directory } = this.#context;
    directory.demandFresh();
    if (principal.sessionId === null) {
      if (principal.keyId !== null && directory.principalOfKey(principal.keyId) === null) throw new TandemError('invalid_api_key');
      return;
    }
    const row = await database.scoped(principal.organisationId).selectFrom('sessions').selectAll().where('id', '=', principal.sessionId).executeTakeFirst();
    if (row === undefined || this.#live(row) === null) throw new TandemError('session_required');
  }

  /** Ends the caller's session, if it has one. */
  async end(principal: Principal): Promise<void> {
    const { sessionId, organisationId } = principal;
    if (sessionId === null) return;
    const { database, directory, audit } = this.#context;
    await database.transaction(async (tx) => {
      const ended = await database.scoped(organisationId, tx).updateTable('sessions').set({ ended_at: nowOf(this.#context) })
        .where('id', '=', sessionId).where('ended_at', 'is', null).returning('id').executeTakeFirst();
      if (ended === undefined) return;
      await directory.announce(tx, 'session', sessionId);
      await audit.record(tx, principal, { action: 'session.end', resourceKind: 'session', resourceId: sessionId, change: {} });
    });
  }

  #demandKey(presented: string): string {
    const { directory } = this.#context;
    try {
      const { keyId } = directory.verify(presented);
      if (keyId !== null) return keyId;
    } catch (error) {
      const ended = isTandemError(error, 'invalid_api_key') ? directory.endedKey(presented) : null;
      if (ended !== null) {
        this.#refusals.note(bySystem(ended.organisationId), { action: 'sign-in.refuse', resourceKind: 'key', resourceId: ended.id, change: { by: 'key', reason: 'the key has ended', name: ended.name } });
      }
      throw error;
    }
    throw new TandemError('invalid_api_key');
  }

  #live(row: { id: string; member_id: string | null; key_id: string | null; last_seen_at: Date; expires_at: Date; ended_at: Date | null }): Principal | null {
    const subject = subjectFrom(row);
    const endMs = Math.min(row.expires_at.getTime(), row.last_seen_at.getTime() + IDLE_MS);
    if (subject === null || row.ended_at !== null || endMs <= this.#context.clock.nowMs()) return null;
    const base = this.#principalOf(subject);
    return base === null ? null : { ...base, sessionId: row.id, expiresAtMs: Math.min(endMs, base.expiresAtMs ?? Infinity) };
  }

  #principalOf(subject: Subject): Principal | null {
    const { directory } = this.#context;
    return 'memberId' in subject ? directory.principalOfMember(subject.memberId) : directory.principalOfKey(subject.keyId);
  }
}

function subjectOf(principal: Principal): Subject {
  if (principal.keyId !== null) return { keyId: principal.keyId };
  if (principal.actor.kind === 'member' && principal.actor.id !== null) return { memberId: principal.actor.id };
  throw new TandemError('session_required');
}

function subjectFrom(row: { member_id: string | null; key_id: string | null }): Subject | null {
  if (row.member_id !== null) return { memberId: row.member_id };
  return row.key_id === null ? null : { keyId: row.key_id };
}

function columns(subject: Subject): { member_id: string | null; key_id: string | null } {
  return 'memberId' in subject ? { member_id: subject.memberId, key_id: null } : { member_id: null, key_id: subject.keyId };
}
