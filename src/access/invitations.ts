import type { Selectable } from 'kysely';
import { TandemError } from '../base/index.ts';
import type { Schema } from '../db/index.ts';
import { iso, notFound, nowOf, type AccessContext, type List } from './context.ts';
import type { Members } from './members.ts';
import { foldEmail } from './names.ts';
import type { Principal } from './principal.ts';
import type { Role } from './role.ts';
import { demand, demandGrant } from './roles.ts';
import { makeToken, tokenHash } from './secret-token.ts';
import type { NewSession, Sessions } from './sessions.ts';

const OPEN_MS = 7 * 86_400_000;

export interface InvitationView {
  readonly id: string;
  readonly email: string;
  readonly role: Role;
  readonly invitedBy: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly state: 'open' | 'accepted' | 'expired' | 'revoked';
}

export type InvitationRow = Selectable<Schema['invitations']>;

/** Invitations by a one-time link, open for 7 days. Who holds the link joins: it goes to one person only. */
export class Invitations {
  readonly #context: AccessContext;
  readonly #members: Members;
  readonly #sessions: Sessions;

  constructor(context: AccessContext, members: Members, sessions: Sessions) {
    this.#context = context;
    this.#members = members;
    this.#sessions = sessions;
  }

  /** Newest first. */
  async list(principal: Principal): Promise<List<InvitationView>> {
    demand(principal, 'members.read');
    const rows = await this.#context.database.scoped(principal.organisationId).selectFrom('invitations').selectAll().orderBy('id', 'desc').limit(500).execute();
    return { items: rows.map((row) => this.#view(row)), nextCursor: null };
  }

  /** Invites; an open invitation of the same address is withdrawn by it. The token is shown once. */
  async create(principal: Principal, input: { email: string; role: Role }): Promise<{ invitation: InvitationView; token: string }> {
    demand(principal, 'members.write');
    demandGrant(principal, input.role);
    const { database, random, newId, audit } = this.#context;
    const email = foldEmail(input.email);
    const { token, hash } = makeToken(random);
    const row = await database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      const member = await own.selectFrom('members').select('id').where('email', '=', email).where('removed_at', 'is', null).executeTakeFirst();
      if (member !== undefined) throw new TandemError('member_exists', { params: { email }, param: 'email' });
      const now = nowOf(this.#context);
      await own.updateTable('invitations').set({ revoked_at: now }).where('email', '=', email).where('accepted_at', 'is', null).where('revoked_at', 'is', null).execute();
      const made = await own.insertInto('invitations', {
        id: newId(), email, role: input.role, token_hash: hash, invited_by: principal.actor.label, created_at: now, expires_at: new Date(now.getTime() + OPEN_MS),
      }).returningAll().executeTakeFirstOrThrow();
      await audit.record(tx, principal, { action: 'invitation.create', resourceKind: 'invitation', resourceId: made.id, change: { email, role: made.role, expiresAt: iso(made.expires_at) } });
      return made;
    });
    return { invitation: this.#view(row), token };
  }

  /** Withdraws an open invitation. */
  async revoke(principal: Principal, id: string): Promise<void> {
    demand(principal, 'members.write');
    const { database, audit } = this.#context;
    await database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      const row = await own.selectFrom('invitations').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
      if (row === undefined) throw notFound('invitation', id, 'members');
      if (row.accepted_at !== null || row.revoked_at !== null) return;
      await own.updateTable('invitations').set({ revoked_at: nowOf(this.#context) }).where('id', '=', id).execute();
      await audit.record(tx, principal, { action: 'invitation.revoke', resourceKind: 'invitation', resourceId: id, change: { email: row.email } });
    });
  }

  /** Makes the member and signs them in; of several at once one wins. @throws TandemError sign_in_expired */
  async accept(input: { token: string; name: string }): Promise<NewSession> {
    const { database, directory } = this.#context;
    directory.demandFresh();
    const session = await database.transaction(async (tx) => {
      const now = nowOf(this.#context);
      const row = await tx.updateTable('invitations').set({ accepted_at: now })
        .where('token_hash', '=', tokenHash(input.token)).where('accepted_at', 'is', null).where('revoked_at', 'is', null).where('expires_at', '>', now)
        .returningAll().executeTakeFirst();
      if (row === undefined) throw new TandemError('sign_in_expired');
      const member = await this.#members.insert(tx, invited(row), { email: row.email, name: input.name, role: row.role });
      return this.#sessions.open(tx, { memberId: member.id }, 'invitation', directory.principalOfNewMember(member));
    });
    if (session.principal.actor.id !== null) await directory.refresh('member', session.principal.actor.id);
    return session;
  }

  #view(row: InvitationRow): InvitationView {
    return { id: row.id, email: row.email, role: row.role, invitedBy: row.invited_by, createdAt: iso(row.created_at), expiresAt: iso(row.expires_at), state: this.#state(row) };
  }

  #state(row: InvitationRow): InvitationView['state'] {
    if (row.accepted_at !== null) return 'accepted';
    if (row.revoked_at !== null) return 'revoked';
    return row.expires_at.getTime() <= this.#context.clock.nowMs() ? 'expired' : 'open';
  }
}

/** The invited person acts for the first time, before there is a member to name. */
export function invited(row: Pick<InvitationRow, 'organisation_id' | 'email'>): { organisationId: string; actor: { kind: 'member'; id: null; label: string } } {
  return { organisationId: row.organisation_id, actor: { kind: 'member', id: null, label: row.email } };
}
