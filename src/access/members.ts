import type { Selectable } from 'kysely';
import { TandemError } from '../base/index.ts';
import { isDuplicate, type Executor, type Schema } from '../db/index.ts';
import type { By } from './audit.ts';
import { iso, notFound, nowOf, type AccessContext, type List } from './context.ts';
import type { Principal } from './principal.ts';
import type { Role } from './role.ts';
import { demand, demandGrant } from './roles.ts';

export interface MemberView {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: string;
  readonly signInBy: ('link' | 'oidc')[];
}

export type MemberRow = Selectable<Schema['members']>;

/** People of an organisation. There is always an owner. */
export class Members {
  readonly #context: AccessContext;

  constructor(context: AccessContext) {
    this.#context = context;
  }

  async list(principal: Principal): Promise<List<MemberView>> {
    demand(principal, 'members.read');
    const rows = await this.#context.database.scoped(principal.organisationId).selectFrom('members').selectAll().where('removed_at', 'is', null).orderBy('id').execute();
    return { items: rows.map(memberView), nextCursor: null };
  }

  /** The row, its notice and its audit entry, in a transaction of the caller's. @throws TandemError member_exists */
  async insert(tx: Executor, by: By, input: { email: string; name: string; role: Role; oidc?: { issuer: string; subject: string } }): Promise<MemberRow> {
    const { database, newId, audit, directory } = this.#context;
    const values = {
      id: newId(), email: input.email, name: input.name, role: input.role, created_at: nowOf(this.#context),
      oidc_issuer: input.oidc?.issuer ?? null, oidc_subject: input.oidc?.subject ?? null,
    };
    let row: MemberRow;
    try {
      row = await database.scoped(by.organisationId, tx).insertInto('members', values).returningAll().executeTakeFirstOrThrow();
    } catch (error) {
      if (isDuplicate(error)) throw new TandemError('member_exists', { params: { email: input.email }, param: 'email' });
      throw error;
    }
    await directory.announce(tx, 'member', row.id);
    await audit.record(tx, by, { action: 'member.create', resourceKind: 'member', resourceId: row.id, change: { email: row.email, name: row.name, role: row.role } });
    return row;
  }

  /** Changes a role: none above one's own, on nobody above oneself, and never the last owner's. */
  async update(principal: Principal, id: string, input: { role: Role }): Promise<MemberView> {
    demand(principal, 'members.write');
    demandGrant(principal, input.role);
    const { database, directory, audit } = this.#context;
    const row = await database.transaction(async (tx) => {
      const before = await this.#lock(tx, principal, id);
      if (before.role === input.role) return before;
      if (before.role === 'owner') await this.#demandOtherOwner(tx, before);
      const after = await database.scoped(principal.organisationId, tx).updateTable('members').set({ role: input.role }).where('id', '=', id).returningAll().executeTakeFirstOrThrow();
      await directory.announce(tx, 'member', id);
      await audit.record(tx, principal, { action: 'member.update', resourceKind: 'member', resourceId: id, change: { email: after.email, role: { from: before.role, to: after.role } } });
      return after;
    });
    await directory.refresh('member', id);
    return memberView(row);
  }

  /** Removes a member: sessions, open links and keys of theirs end with it. */
  async remove(principal: Principal, id: string): Promise<void> {
    demand(principal, 'members.write');
    const { database, directory, audit } = this.#context;
    await database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      const before = await this.#lock(tx, principal, id);
      if (before.role === 'owner') await this.#demandOtherOwner(tx, before);
      const now = nowOf(this.#context);
      await own.updateTable('members').set({ removed_at: now }).where('id', '=', id).execute();
      const keys = await own.updateTable('api_keys').set({ revoked_at: now }).where('owner_kind', '=', 'member').where('owner_id', '=', id).where('revoked_at', 'is', null).returning('id').execute();
      await own.updateTable('sessions').set({ ended_at: now }).where('member_id', '=', id).where('ended_at', 'is', null).execute();
      await own.deleteFrom('sign_in_links').where('member_id', '=', id).where('used_at', 'is', null).execute();
      await directory.announce(tx, 'member', id);
      await audit.record(tx, principal, { action: 'member.remove', resourceKind: 'member', resourceId: id, change: { email: before.email, role: before.role, revokedKeys: keys.map((key) => key.id) } });
    });
    await directory.refresh('member', id);
  }

  async #lock(tx: Executor, principal: Principal, id: string): Promise<MemberRow> {
    const own = this.#context.database.scoped(principal.organisationId, tx);
    // Owners are locked first and in one order, so that two owners cannot demote each other at once.
    await own.selectFrom('members').select('id').where('role', '=', 'owner').where('removed_at', 'is', null).orderBy('id').forUpdate().execute();
    const row = await own.selectFrom('members').selectAll().where('id', '=', id).where('removed_at', 'is', null).forUpdate().executeTakeFirst();
    if (row === undefined) throw notFound('member', id, 'members');
    demandGrant(principal, row.role);
    return row;
  }

  async #demandOtherOwner(tx: Executor, member: MemberRow): Promise<void> {
    const other = await this.#context.database.scoped(member.organisation_id, tx).selectFrom('members').select('id')
      .where('role', '=', 'owner').where('removed_at', 'is', null).where('id', '<>', member.id).limit(1).executeTakeFirst();
    if (other === undefined) throw new TandemError('last_owner', { params: { email: member.email } });
  }
}

function memberView(row: MemberRow): MemberView {
  return { id: row.id, email: row.email, name: row.name, role: row.role, createdAt: iso(row.created_at), signInBy: row.oidc_subject === null ? ['link'] : ['link', 'oidc'] };
}
