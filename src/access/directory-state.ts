import type { Principal, Tier } from './principal.ts';
import type { Role } from './role.ts';
import { lesserRole } from './roles.ts';

export interface KnownOrganisation {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly currency: string;
  readonly billing: 'postpaid' | 'prepaid';
  readonly store: boolean;
  readonly createdAtMs: number;
}

export interface KnownProject {
  readonly id: string;
  readonly organisationId: string;
  readonly name: string;
  readonly slug: string;
  readonly tier: Tier;
  readonly store: boolean;
  /** When its content was purged last; null: never. */
  readonly contentPurgedAtMs: number | null;
  /** Since when and by whose word it pays for attempts that did not deliver; null: it does not. */
  readonly paysAttempts: { readonly sinceMs: number; readonly by: string } | null;
  readonly createdAtMs: number;
  readonly archivedAtMs: number | null;
}

export interface KnownMember {
  readonly id: string;
  readonly organisationId: string;
  readonly email: string;
  readonly role: Role;
  readonly removed: boolean;
}

export interface KnownServiceAccount {
  readonly id: string;
  readonly organisationId: string;
  readonly name: string;
  readonly role: Role;
  readonly disabled: boolean;
}

export interface KnownKey {
  readonly id: string;
  readonly organisationId: string;
  readonly projectId: string | null;
  readonly name: string;
  /** Its first characters, which may be shown. */
  readonly prefix: string;
  /** SHA-256 in base64. */
  readonly hash: string;
  readonly role: Role;
  readonly ownerKind: 'member' | 'service-account';
  readonly ownerId: string;
  readonly models: readonly string[] | null;
  readonly expiresAtMs: number | null;
  readonly revoked: boolean;
  /** It has a successor, which has its name now. */
  readonly replaced: boolean;
  readonly cacheSeconds: number | null;
}

/** A key with what the directory derives from it and keeps beside it. */
export interface KeyEntry {
  readonly key: KnownKey;
  /** The principal as of `generation`; null: the key does not work. */
  principal: Principal | null;
  generation: number;
  /** When the key was last used and that is not written down yet, UTC milliseconds; 0: nothing to write. */
  usedAtMs: number;
}

/** Everything the directory knows, as plain maps, and what follows from them. No clock, no database. */
export class DirectoryState {
  readonly organisations = new Map<string, KnownOrganisation>();
  readonly projects = new Map<string, KnownProject>();
  readonly members = new Map<string, KnownMember>();
  readonly serviceAccounts = new Map<string, KnownServiceAccount>();
  readonly keys = new Map<string, KeyEntry>();
  readonly keysByHash = new Map<string, KeyEntry>();
  /** Ids of the keys that have a name, by organisation and name. */
  readonly #keysByName = new Map<string, Map<string, string[]>>();
  readonly #firstProjects = new Map<string, KnownProject>();
  /** The operator's organisation: the oldest, as `firstOrganisation` says. */
  #operatorId: string | null = null;
  #generation = 1;

  putOrganisation(organisation: KnownOrganisation): void {
    this.organisations.set(organisation.id, organisation);
    if (this.#operatorId === null || organisation.id < this.#operatorId) this.#operatorId = organisation.id;
    this.#changed();
  }

  putProject(project: KnownProject): void {
    this.projects.set(project.id, project);
    this.#firstProjects.clear();
    this.#changed();
  }

  putMember(member: KnownMember): void {
    this.members.set(member.id, member);
    this.#changed();
  }

  putServiceAccount(account: KnownServiceAccount): void {
    this.serviceAccounts.set(account.id, account);
    this.#changed();
  }

  /** Replaces what is known of a key; when it was last used is kept. */
  putKey(key: KnownKey): void {
    const entry: KeyEntry = { key, principal: null, generation: 0, usedAtMs: this.keys.get(key.id)?.usedAtMs ?? 0 };
    this.#putName(key, this.keys.get(key.id)?.key.name);
    this.keys.set(key.id, entry);
    this.keysByHash.set(key.hash, entry);
  }

  /**
   * A key in a word that means it alone: its name; with its first characters, where a name has several keys and this is not the only one of
   * them that works. So the word is the same for as long as nobody gives the name again.
   */
  keyName(id: string, nowMs: number): string | null {
    const key = this.keys.get(id)?.key;
    if (key === undefined) return null;
    const all = this.#keysByName.get(key.organisationId)?.get(key.name) ?? [];
    if (all.length < 2) return key.name;
    const works = (one: KnownKey | undefined): boolean => one !== undefined && !one.revoked && !one.replaced && (one.expiresAtMs === null || one.expiresAtMs > nowMs);
    return works(key) && !all.some((other) => other !== id && works(this.keys.get(other)?.key)) ? key.name : `${key.name} (${key.prefix}…)`;
  }

  /** The organisation's oldest project that is not archived: where calls without a project are counted. */
  firstProject(organisationId: string): KnownProject | undefined {
    const known = this.#firstProjects.get(organisationId);
    if (known !== undefined) return known;
    let first: KnownProject | undefined;
    for (const project of this.projects.values()) {
      if (project.organisationId !== organisationId || project.archivedAtMs !== null) continue;
      if (first === undefined || project.id < first.id) first = project;
    }
    if (first !== undefined) this.#firstProjects.set(organisationId, first);
    return first;
  }

  /** Who the key is, or null when it does not work (its expiry apart, which the clock decides). Cached until something changes. */
  principalOf(entry: KeyEntry): Principal | null {
    if (entry.generation !== this.#generation) {
      entry.principal = this.#derive(entry.key);
      entry.generation = this.#generation;
    }
    return entry.principal;
  }

  /** Who a signed-in member is, or null once removed. Session and its end are the caller's to add. */
  memberPrincipal(memberId: string): Principal | null {
    const member = this.members.get(memberId);
    return member === undefined || member.removed ? null : this.principalFor(member);
  }

  /** The same for a member that is being made and is not known yet. */
  principalFor(member: Omit<KnownMember, 'removed'>): Principal | null {
    const organisation = this.organisations.get(member.organisationId);
    if (organisation === undefined) return null;
    return {
      organisationId: organisation.id, projectId: null, keyId: null,
      actor: { kind: 'member', id: member.id, label: member.email },
      role: member.role, allowedModels: null,
      tier: this.firstProject(organisation.id)?.tier ?? 'standard', currency: organisation.currency, ofOperator: organisation.id === this.#operatorId,
      sessionId: null, expiresAtMs: null,
    };
  }

  /** The person or account that a key belongs to; null when it may no longer act. */
  owner(key: Pick<KnownKey, 'ownerKind' | 'ownerId'>): { label: string; role: Role } | null {
    if (key.ownerKind === 'member') {
      const member = this.members.get(key.ownerId);
      return member === undefined || member.removed ? null : { label: member.email, role: member.role };
    }
    const account = this.serviceAccounts.get(key.ownerId);
    return account === undefined || account.disabled ? null : { label: account.name, role: account.role };
  }

  #derive(key: KnownKey): Principal | null {
    if (key.revoked) return null;
    const organisation = this.organisations.get(key.organisationId);
    const owner = this.owner(key);
    if (organisation === undefined || owner === null) return null;
    const project = key.projectId === null ? this.firstProject(organisation.id) : this.projects.get(key.projectId);
    if (key.projectId !== null && (project === undefined || project.archivedAtMs !== null)) return null;
    return Object.freeze({
      organisationId: organisation.id, projectId: key.projectId, keyId: key.id,
      actor: { kind: 'key', id: key.id, label: `${key.name} (${owner.label})` },
      // A key never has more power than its owner has now.
      role: lesserRole(key.role, owner.role), allowedModels: key.models,
      tier: project?.tier ?? 'standard', currency: organisation.currency, ofOperator: organisation.id === this.#operatorId,
      sessionId: null, expiresAtMs: key.expiresAtMs,
    } satisfies Principal);
  }

  #putName({ id, organisationId, name }: KnownKey, before: string | undefined): void {
    if (before === name) return;
    let names = this.#keysByName.get(organisationId);
    if (names === undefined) this.#keysByName.set(organisationId, (names = new Map()));
    names.set(name, [...(names.get(name) ?? []), id]);
    if (before === undefined) return;
    const left = names.get(before)!.filter((other) => other !== id);
    if (left.length === 0) names.delete(before);
    else names.set(before, left);
  }

  #changed(): void {
    this.#generation += 1;
  }
}
