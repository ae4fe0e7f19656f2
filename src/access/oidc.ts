import { createHmac, timingSafeEqual } from 'node:crypto';
import { TandemError, isTandemError } from '../base/index.ts';
import { isDuplicate, type Executor } from '../db/index.ts';
import { firstOrganisation } from './bootstrap.ts';
import { bySystem } from './audit.ts';
import { nowOf, type AccessContext } from './context.ts';
import { invited } from './invitations.ts';
import type { MemberRow, Members } from './members.ts';
import { foldEmail } from './names.ts';
import { OidcClient, type Checks, type Identity } from './oidc-client.ts';
import { emailDomain, type OidcConfig } from './oidc-config.ts';
import type { Refusals } from './refusals.ts';
import { makeToken, tokenHash } from './secret-token.ts';
import type { NewSession, Sessions } from './sessions.ts';

const SIGN_IN_MS = 600_000;

export interface OidcBegin {
  /** Send the browser here. */
  readonly url: string;
  /** For an HttpOnly cookie with SameSite=Lax: `finish` takes it back, so that nobody can finish another's sign-in. */
  readonly binding: string;
  readonly maxAgeSeconds: number;
}

/**
 * Sign-in by an OpenID Connect provider. It signs in members and accepts invitations; strangers only
 * become members where the operator has configured `autoJoin`.
 */
export class Oidc {
  readonly #context: AccessContext;
  readonly #config: OidcConfig | null;
  readonly #client: OidcClient | null;
  readonly #members: Members;
  readonly #sessions: Sessions;
  readonly #refusals: Refusals;

  constructor(context: AccessContext, config: OidcConfig | null, parts: { members: Members; sessions: Sessions; refusals: Refusals }) {
    this.#context = context;
    this.#config = config;
    this.#client = config === null ? null : new OidcClient(config, context.clock);
    this.#members = parts.members;
    this.#sessions = parts.sessions;
    this.#refusals = parts.refusals;
  }

  /** What the sign-in button says; null: not configured. */
  get name(): string | null {
    return this.#config?.name ?? null;
  }

  /** Nothing is stored: state, nonce and PKCE verifier all follow from the browser's binding. */
  async begin(redirectUri: string): Promise<OidcBegin> {
    const { client } = this.#configured();
    const { token: binding } = makeToken(this.#context.random);
    const url = await client.authorizationUrl(redirectUri, checksOf(binding, this.#context.clock.nowMs()));
    return { url, binding, maxAgeSeconds: SIGN_IN_MS / 1_000 };
  }

  /**
   * @param query what the provider sent the browser back with, after the `?`.
   * @throws TandemError oidc_refused, oidc_unreachable, oidc_not_configured
   */
  async finish(input: { redirectUri: string; query: string; binding: string | null }): Promise<NewSession> {
    const { client, config } = this.#configured();
    this.#context.directory.demandFresh();
    const organisationId = await firstOrganisation(this.#context.database.unscoped('the operator\'s organisation keeps sign-ins from outside'));
    if (organisationId === null) throw new TandemError('oidc_not_configured');
    let identity: Identity | null = null;
    try {
      const checks = await this.#useState(organisationId, input.query, input.binding);
      identity = await client.identify(input.redirectUri, input.query, checks);
      const memberId = await this.#member(config, organisationId, identity);
      await this.#context.directory.refresh('member', memberId);
      return await this.#context.database.transaction((tx) => this.#sessions.open(tx, { memberId }, 'oidc'));
    } catch (error) {
      if (isTandemError(error, 'oidc_refused')) {
        this.#refusals.note(bySystem(organisationId), {
          action: 'sign-in.refuse', resourceKind: 'sign-in', resourceId: null,
          change: { by: 'oidc', reason: error.message, email: identity?.verifiedEmail ?? null },
        });
      }
      throw error;
    }
  }

  /** Checks that this browser began the sign-in, within ten minutes, and that its state was not used before. */
  async #useState(organisationId: string, query: string, binding: string | null): Promise<Checks> {
    const { database, clock } = this.#context;
    const state = new URLSearchParams(query).get('state') ?? '';
    const begunMs = Number.parseInt(state.split('.')[0] ?? '', 36);
    const nowMs = clock.nowMs();
    const checks = binding === null || !Number.isSafeInteger(begunMs) ? null : checksOf(binding, begunMs);
    if (checks === null || !sameText(checks.state, state)) throw refused('it was not begun in this browser');
    if (begunMs > nowMs || begunMs + SIGN_IN_MS < nowMs) throw refused('it took longer than ten minutes');
    try {
      await database.scoped(organisationId).insertInto('oidc_sign_ins', { state_hash: tokenHash(state), expires_at: new Date(begunMs + SIGN_IN_MS) }).execute();
    } catch (error) {
      if (isDuplicate(error)) throw refused('it was finished before');
      throw error;
    }
    return checks;
  }

  /** The member that an identity is: by issuer and subject, then by verified address, then by invitation, then by `autoJoin`. */
  #member(config: OidcConfig, organisationId: string, identity: Identity): Promise<string> {
    const email = identity.verifiedEmail === null ? null : foldEmail(identity.verifiedEmail);
    const domain = email === null ? null : emailDomain(email);
    if (config.allowedDomains !== null && (domain === null || !config.allowedDomains.includes(domain))) throw refused('addresses of this domain may not sign in here');
    return this.#context.database.transaction(async (tx) => {
      const bound = await tx.selectFrom('members').select('id')
        .where('oidc_issuer', '=', identity.issuer).where('oidc_subject', '=', identity.subject).where('removed_at', 'is', null).orderBy('id').limit(1).executeTakeFirst();
      if (bound !== undefined) return bound.id;
      if (email === null || domain === null) throw refused('the provider has not verified the e-mail address');
      const known = await tx.selectFrom('members').selectAll().where('email', '=', email).where('removed_at', 'is', null).orderBy('id').limit(1).forUpdate().executeTakeFirst();
      if (known !== undefined) return this.#bind(tx, known, identity);
      return await this.#acceptInvitation(tx, email, identity) ?? this.#autoJoin(tx, config, organisationId, { email, domain, identity });
    });
  }

  async #bind(tx: Executor, member: MemberRow, identity: Identity): Promise<string> {
    // The same address under another subject is another person: addresses are given to successors.
    if (member.oidc_issuer === identity.issuer) throw refused('the address belongs to a member with another identity');
    const { database, audit } = this.#context;
    await database.scoped(member.organisation_id, tx).updateTable('members').set({ oidc_issuer: identity.issuer, oidc_subject: identity.subject }).where('id', '=', member.id).execute();
    await audit.record(tx, { organisationId: member.organisation_id, actor: { kind: 'member', id: member.id, label: member.email } }, {
      action: 'member.bind', resourceKind: 'member', resourceId: member.id, change: { issuer: { from: member.oidc_issuer, to: identity.issuer } },
    });
    return member.id;
  }

  async #acceptInvitation(tx: Executor, email: string, identity: Identity): Promise<string | null> {
    const now = nowOf(this.#context);
    const open = await tx.selectFrom('invitations').selectAll().where('email', '=', email)
      .where('accepted_at', 'is', null).where('revoked_at', 'is', null).where('expires_at', '>', now).orderBy('id').limit(1).forUpdate().executeTakeFirst();
    if (open === undefined) return null;
    await this.#context.database.scoped(open.organisation_id, tx).updateTable('invitations').set({ accepted_at: now }).where('id', '=', open.id).execute();
    const member = await this.#members.insert(tx, invited(open), { email, name: identity.name ?? email, role: open.role, oidc: identity });
    return member.id;
  }

  async #autoJoin(tx: Executor, config: OidcConfig, organisationId: string, person: { email: string; domain: string; identity: Identity }): Promise<string> {
    const { autoJoin } = config;
    if (autoJoin === null || person.domain !== autoJoin.domain) throw refused('the address is neither a member\'s nor invited');
    const removed = await this.#context.database.scoped(organisationId, tx).selectFrom('members').select('id').where('removed_at', 'is not', null)
      .where((or) => or.or([or('email', '=', person.email), or.and([or('oidc_issuer', '=', person.identity.issuer), or('oidc_subject', '=', person.identity.subject)])]))
      .limit(1).executeTakeFirst();
    // Who was removed comes back by invitation only.
    if (removed !== undefined) throw refused('the member was removed');
    const member = await this.#members.insert(tx, invited({ organisation_id: organisationId, email: person.email }), {
      email: person.email, name: person.identity.name ?? person.email, role: autoJoin.role, oidc: person.identity,
    });
    return member.id;
  }

  #configured(): { client: OidcClient; config: OidcConfig } {
    if (this.#client === null || this.#config === null) throw new TandemError('oidc_not_configured');
    return { client: this.#client, config: this.#config };
  }
}

function checksOf(binding: string, begunMs: number): Checks {
  const derive = (what: string): string => createHmac('sha256', binding).update(`${what}.${begunMs}`).digest('base64url');
  return { state: `${begunMs.toString(36)}.${derive('state')}`, nonce: derive('nonce'), codeVerifier: derive('pkce') };
}

function sameText(one: string, other: string): boolean {
  return timingSafeEqual(tokenHash(one), tokenHash(other)) && one === other;
}

function refused(reason: string): TandemError {
  return new TandemError('oidc_refused', { params: { reason } });
}
