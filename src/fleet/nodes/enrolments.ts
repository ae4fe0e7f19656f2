import { createHash, randomBytes } from 'node:crypto';
import { TandemError, printable } from '../../base/index.ts';
import { sql, type Selectable } from 'kysely';
import type { Executor, NodeEnrolmentRow, NodeRow } from '../../db/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import { NODES_CHANNEL, noteEvent, type NodeContext } from './context.ts';
import { enrolmentLine, type AgentAddress } from './enrolment-line.ts';

/** How long a token may be used. */
export const TOKEN_MS = 15 * 60_000;
/** Apart from the numbers of other locks. */
const NAMES_LOCK = 0x7a6d_0044;
const TOKEN = /^tdm_node_[A-Za-z0-9_-]{43}$/;

export interface NewEnrolment {
  readonly pool: string;
  /** Null: the machine's own name. */
  readonly name: string | null;
}

export interface EnrolmentView {
  readonly id: string;
  readonly pool: string;
  readonly name: string | null;
  readonly expiresAt: string;
  /** To paste on the machine; shown once. */
  readonly line: string;
  /** The same token alone, for `install.sh` by other means. */
  readonly token: string;
}

/** What a machine says of itself when it enrols: claims. */
export interface EnrolmentClaim {
  readonly token: string;
  /** SHA-256 of the SPKI of the key that it has made. */
  readonly identity: Buffer;
  readonly hostname: string;
  readonly machine: string | null;
  readonly platform: string;
  readonly standIn: boolean;
  /** The address that it came from. */
  readonly from: string;
}

/** Tokens by which machines become nodes. */
export class Enrolments {
  readonly #context: NodeContext;
  readonly #address: () => AgentAddress | null;

  constructor(context: NodeContext, address: () => AgentAddress | null) {
    this.#context = context;
    this.#address = address;
  }

  /** @throws TandemError agents_off while machines have no way to reach this server. */
  async create(principal: Principal, { pool, name }: NewEnrolment): Promise<EnrolmentView> {
    demand(principal, 'nodes.write');
    const { address, ...made } = await this.issue(principal, { pool, name });
    return { ...made, line: enrolmentLine(address, made.token) };
  }

  /** The same without a line, also for this server's own work. @throws TandemError agents_off. */
  async issue(by: Pick<Principal, 'organisationId' | 'actor'>, { pool, name }: NewEnrolment): Promise<Omit<EnrolmentView, 'line'> & { readonly address: AgentAddress }> {
    const address = this.#address();
    if (address === null) throw new TandemError('agents_off');
    const { database, clock, access, newId } = this.#context;
    const token = `tdm_node_${randomBytes(32).toString('base64url')}`;
    const now = new Date(clock.nowMs());
    const row = await database.transaction(async (tx) => {
      const own = database.scoped(by.organisationId, tx);
      if (name !== null) await demandFreeName(this.#context, tx, by.organisationId, name);
      const made = await own.insertInto('node_enrolments', {
        id: newId(), token_hash: hashOf(token), pool, node_name: name, created_by: by.actor.label, created_at: now, expires_at: new Date(now.getTime() + TOKEN_MS), used_at: null, node_id: null,
      }).returningAll().executeTakeFirstOrThrow();
      await this.#context.steps?.noteStep(tx, by, made.id, name ?? pool, 'node.add');
      await access.audit.record(tx, by, { action: 'node.add', resourceKind: 'enrolment', resourceId: made.id, change: { pool, name, expiresAt: made.expires_at.toISOString() } });
      return made;
    });
    return { id: row.id, pool: row.pool, name: row.node_name, expiresAt: row.expires_at.toISOString(), token, address };
  }

  /**
   * Makes the node of a token; of several at once one wins. What is refused is in the audit trail of the token's owner.
   * @throws TandemError enrolment_refused.
   */
  async use(claim: EnrolmentClaim): Promise<Selectable<NodeRow>> {
    const { database, clock, access } = this.#context;
    if (!TOKEN.test(claim.token)) throw new TandemError('enrolment_refused');
    const now = new Date(clock.nowMs());
    const node = await database.transaction(async (tx) => {
      const enrolment = await tx.updateTable('node_enrolments').set({ used_at: now }).where('token_hash', '=', hashOf(claim.token)).where('used_at', 'is', null).where('expires_at', '>', now).returningAll().executeTakeFirst();
      if (enrolment === undefined) return undefined;
      const made = await this.#insert(tx, enrolment, claim, now);
      await tx.updateTable('node_enrolments').set({ node_id: made.id }).where('id', '=', enrolment.id).execute();
      await noteEvent(this.#context, tx, made, 'enrolled', `from ${claim.from}, by a token of ${enrolment.created_by}`);
      await database.notify(tx, NODES_CHANNEL, made.id);
      await access.audit.record(tx, { organisationId: enrolment.organisation_id, actor: { kind: 'system', id: null, label: `token of ${enrolment.created_by}` } },
        { action: 'node.enrol', resourceKind: 'node', resourceId: made.id, change: { name: made.name, pool: made.pool, platform: made.platform, from: claim.from } });
      return made;
    });
    if (node === undefined) {
      await this.#noteRefusal(claim);
      throw new TandemError('enrolment_refused');
    }
    return node;
  }

  async #insert(tx: Executor, enrolment: Selectable<NodeEnrolmentRow>, claim: EnrolmentClaim, now: Date): Promise<Selectable<NodeRow>> {
    const own = this.#context.database.scoped(enrolment.organisation_id, tx);
    const name = await this.#freeName(tx, enrolment.organisation_id, enrolment.node_name ?? nameOf(claim.hostname));
    return own.insertInto('nodes', {
      id: this.#context.newId(), name, pool: enrolment.pool, identity: claim.identity, machine: claim.machine, platform: claim.platform, stand_in: claim.standIn, inventory: '{}', inventory_at: null,
      approved_inventory: null, approved_at: null, approved_by: null, wanted_reason: null, wanted_by: null, wanted_at: null, deadline_at: null, quarantined_at: null, quarantine_reason: null, health_reasons: '[]', wanted: 'serve', health: 'unknown',
      agent_version: null, protocol: null, boot: null, connected_at: null, last_seen_at: null, certificate_expires_at: null, usable_at: null, created_at: now, removed_at: null,
    }).returningAll().executeTakeFirstOrThrow();
  }

  /** A machine's own name may be another's already: then a number follows it. */
  async #freeName(tx: Executor, organisationId: string, wanted: string): Promise<string> {
    // Machines of one image have one name, and are enrolled at once: of two that look, the second sees the first.
    await sql`select pg_advisory_xact_lock(${NAMES_LOCK}, hashtext(${organisationId}))`.execute(tx);
    const rows = await this.#context.database.scoped(organisationId, tx).selectFrom('nodes').select('name').where('removed_at', 'is', null).execute();
    const taken = new Set(rows.map(({ name }) => name));
    for (let number = 1; ; number += 1) {
      const name = number === 1 ? wanted : `${wanted.slice(0, 56)}-${number}`;
      if (!taken.has(name)) return name;
    }
  }

  /** Bounded, since whoever has a used token may show it without end. */
  async #noteRefusal(claim: EnrolmentClaim): Promise<void> {
    const { database, access } = this.#context;
    const known = await database.unscoped('a token says whose it is').selectFrom('node_enrolments').selectAll().where('token_hash', '=', hashOf(claim.token)).executeTakeFirst();
    if (known === undefined) return;
    access.noteRefusal({ organisationId: known.organisation_id, actor: { kind: 'system', id: null, label: `machine ${printable(claim.hostname)}` } },
      { action: 'node.enrol.refuse', resourceKind: 'enrolment', resourceId: known.id, change: { reason: known.used_at === null ? 'expired' : 'used', from: claim.from } });
  }
}

/** @throws TandemError name_taken. */
async function demandFreeName(context: NodeContext, tx: Executor, organisationId: string, name: string): Promise<void> {
  const other = await context.database.scoped(organisationId, tx).selectFrom('nodes').select('id').where('name', '=', name).where('removed_at', 'is', null).executeTakeFirst();
  if (other !== undefined) throw new TandemError('name_taken', { params: { kind: 'node', name }, param: 'name' });
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** A host name made to the form of node names. */
function nameOf(hostname: string): string {
  const name = hostname.toLowerCase().split('.')[0]!.replace(/[^a-z0-9-]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 60);
  return name === '' ? 'node' : name;
}
