import { TandemError, type Clock, type Logger } from '../base/index.ts';
import { RESYNC, type Database, type Executor } from '../db/index.ts';
import { loadAll, loadSome, WATCHED, type Watched } from './directory-load.ts';
import { DirectoryState, type KnownOrganisation, type KnownProject } from './directory-state.ts';
import { isKeyShaped, keyHash } from './key-format.ts';
import type { Principal } from './principal.ts';
import type { Role } from './role.ts';
import { lesserRole } from './roles.ts';

const CHANNEL = 'access';
/** Out of contact for longer than this, a revocation could have been missed: refuse (money.md and the issue say 5 s). */
const STALE_AFTER_MS = 5_000;
const RETRY_MS = 250;

/**
 * Every key of every organisation in memory, so that a call's key is checked without a query.
 * Kept fresh by notifications that are sent with each commit; when contact with the database is
 * lost for more than 5 s it refuses instead of guessing.
 */
export class Directory {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #listeners = new Set<() => void>();
  readonly #stop = new AbortController();
  #state = new DirectoryState();
  #loaded = false;
  #pending = new Map<Watched, Set<string>>();
  #reloadAll = false;
  #beforeKeys: () => Promise<void> = () => Promise.resolve();
  /** When the oldest change came in that is not in memory yet; null: none. */
  #behindSinceMs: number | null = null;
  #tail: Promise<void> = Promise.resolve();
  #retry: Promise<void> | undefined;
  #unlisten: (() => Promise<void>) | undefined;

  constructor(database: Database, clock: Clock, log: Logger) {
    this.#database = database;
    this.#clock = clock;
    this.#log = log;
  }

  /** Listens first and loads then, so that no change falls between. */
  async start(): Promise<void> {
    this.#unlisten = await this.#database.listen(CHANNEL, (payload) => this.#heard(payload));
    await loadAll(this.#reader(), this.#state);
    this.#loaded = true;
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('the directory is closed'));
    await this.#unlisten?.();
    await this.#retry;
    await this.#tail;
  }

  /**
   * Who the key is. Memory only. Whatever is wrong with a key, the way and the error are the same:
   * one hash, one look-up.
   * @throws TandemError invalid_api_key, or database_stale when the answer could be out of date.
   */
  verify(presented: string): Principal {
    const shaped = isKeyShaped(presented);
    const entry = this.#state.keysByHash.get(keyHash(presented));
    this.demandFresh();
    const principal = entry === undefined ? null : this.#state.principalOf(entry);
    const nowMs = this.#clock.nowMs();
    if (entry === undefined || principal === null || !shaped || (principal.expiresAtMs !== null && principal.expiresAtMs <= nowMs)) {
      throw new TandemError('invalid_api_key');
    }
    entry.usedAtMs = nowMs;
    return principal;
  }

  /** The key that a refused text once was, for the audit trail of its organisation; null: it never was one. */
  endedKey(presented: string): { organisationId: string; id: string; name: string } | null {
    const key = this.#state.keysByHash.get(keyHash(presented))?.key;
    return key === undefined ? null : { organisationId: key.organisationId, id: key.id, name: key.name };
  }

  /** The principal of a key by its id, under the same rules; null when the key does not work. */
  principalOfKey(keyId: string): Principal | null {
    const entry = this.#state.keys.get(keyId);
    const principal = entry === undefined ? null : this.#state.principalOf(entry);
    return principal === null || (principal.expiresAtMs !== null && principal.expiresAtMs <= this.#clock.nowMs()) ? null : principal;
  }

  principalOfMember(memberId: string): Principal | null {
    return this.#state.memberPrincipal(memberId);
  }

  /** The principal of a member whose row is in a transaction that is not committed yet. */
  principalOfNewMember(row: { id: string; organisation_id: string; email: string; role: Role }): Principal | null {
    return this.#state.principalFor({ id: row.id, organisationId: row.organisation_id, email: row.email, role: row.role });
  }

  /** @throws TandemError database_stale when memory may lag behind the database by more than 5 s. */
  demandFresh(): void {
    const behindMs = this.#behindSinceMs === null ? 0 : this.#clock.monotonicMs() - this.#behindSinceMs;
    const staleMs = Math.max(behindMs, this.#database.staleForMs());
    if (staleMs > STALE_AFTER_MS || !this.#loaded) {
      throw new TandemError('database_stale', { params: { seconds: Math.round(staleMs / 1_000) }, retryAfterSeconds: 2 });
    }
  }

  organisation(id: string): KnownOrganisation | undefined {
    return this.#state.organisations.get(id);
  }

  project(id: string): KnownProject | undefined {
    return this.#state.projects.get(id);
  }

  /** The project that a caller's usage is counted in: its own, or the organisation's first. */
  projectFor(principal: Pick<Principal, 'organisationId' | 'projectId'>): string {
    const id = principal.projectId ?? this.#state.firstProject(principal.organisationId)?.id;
    if (id === undefined) throw new TandemError('resource_not_found', { params: { kind: 'project', id: 'of this organisation', verb: 'projects' } });
    return id;
  }

  /** The ISO 4217 code of an organisation's money; undefined: no such organisation. */
  currencyOf(organisationId: string): string | undefined {
    return this.#state.organisations.get(organisationId)?.currency;
  }

  isPrepaid(organisationId: string): boolean {
    return this.#state.organisations.get(organisationId)?.billing === 'prepaid';
  }

  /** Names for bills, of archived projects too. */
  projectName(id: string): string | null {
    return this.#state.projects.get(id)?.name ?? null;
  }

  /** Names for bills, of revoked keys too. Two keys of an organisation never have the same here, although they may have been given the same. */
  keyName(id: string): string | null {
    return this.#state.keyName(id, this.#clock.nowMs());
  }

  /** Who owns a key, for replies; the label stays when the owner is gone. */
  ownerLabel(kind: 'member' | 'service-account', id: string): string {
    return (kind === 'member' ? this.#state.members.get(id)?.email : this.#state.serviceAccounts.get(id)?.name) ?? 'unknown';
  }

  /** How long replies to a key are kept for the same request again; null: not at all. */
  cacheSecondsOf(keyId: string): number | null {
    return this.#state.keys.get(keyId)?.key.cacheSeconds ?? null;
  }

  /** The role that a key has now: its own, or its owner's where that is less. */
  roleOfKey(id: string): Role | null {
    const key = this.#state.keys.get(id)?.key;
    const owner = key === undefined ? null : this.#state.owner(key);
    return key === undefined || owner === null ? null : lesserRole(key.role, owner.role);
  }

  /** The owner of the keys that a caller makes: the member it is, or the owner of the key it uses. */
  ownerOf(principal: Principal): { kind: 'member' | 'service-account'; id: string } | null {
    if (principal.keyId !== null) {
      const key = this.#state.keys.get(principal.keyId)?.key;
      return key === undefined ? null : { kind: key.ownerKind, id: key.ownerId };
    }
    const { kind, id } = principal.actor;
    return (kind === 'member' || kind === 'service-account') && id !== null ? { kind, id } : null;
  }

  /**
   * What has to be known before a key is: a key and its budget are committed together, but come in by channels of their
   * own, and a call between the two would find the key without its budget.
   */
  beforeKeys(ready: () => Promise<void>): void {
    this.#beforeKeys = ready;
  }

  /** Called after anything here changed, or a session ended: live streams check again whether they may go on. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells every process of a change, at commit. */
  async announce(tx: Executor, kind: Watched | 'session', id: string): Promise<void> {
    await this.#database.notify(tx, CHANNEL, `${kind}:${id}`);
  }

  /** Brings a committed change into this process's memory now. Never fails: what cannot be read yet is tried again. */
  refresh(kind: Watched, id: string): Promise<void> {
    this.#add(kind, id);
    return this.#drain();
  }

  /** Takes the times of use that are not written down yet. */
  takeUses(): { id: string; atMs: number }[] {
    const uses: { id: string; atMs: number }[] = [];
    for (const [id, entry] of this.#state.keys) {
      if (entry.usedAtMs === 0) continue;
      uses.push({ id, atMs: entry.usedAtMs });
      entry.usedAtMs = 0;
    }
    return uses;
  }

  /** When a key was used, if that is not in the database yet. */
  unwrittenUseMs(keyId: string): number | null {
    return this.#state.keys.get(keyId)?.usedAtMs || null;
  }

  #heard(payload: string): void {
    const colon = payload.indexOf(':');
    const kind = WATCHED.find((word) => word === payload.slice(0, colon));
    if (payload === RESYNC) this.#reloadAll = true;
    else if (kind !== undefined) this.#add(kind, payload.slice(colon + 1));
    this.#behindSinceMs ??= this.#clock.monotonicMs();
    void this.#drain();
  }

  #add(kind: Watched, id: string): void {
    const ids = this.#pending.get(kind) ?? new Set();
    this.#pending.set(kind, ids.add(id));
    this.#behindSinceMs ??= this.#clock.monotonicMs();
  }

  // One read at a time: two reads of one row could otherwise arrive in the wrong order.
  #drain(): Promise<void> {
    this.#tail = this.#tail.then(() => this.#readPending());
    return this.#tail;
  }

  async #readPending(): Promise<void> {
    if (this.#stop.signal.aborted || this.#behindSinceMs === null) return;
    const pending = this.#pending;
    const all = this.#reloadAll;
    const startedMs = this.#clock.monotonicMs();
    this.#pending = new Map();
    this.#reloadAll = false;
    try {
      if (all || pending.has('key')) await this.#beforeKeys();
      if (all) {
        await loadAll(this.#reader(), this.#state);
      } else {
        for (const [kind, ids] of pending) await loadSome(this.#reader(), this.#state, kind, [...ids]);
      }
    } catch (error) {
      this.#log.warn({ reason: error instanceof Error ? error.message : String(error) }, 'access changes could not be read; trying again');
      this.#reloadAll ||= all;
      for (const [kind, ids] of pending) for (const id of ids) this.#add(kind, id);
      this.#retry ??= this.#tryAgain();
      return;
    }
    this.#behindSinceMs = this.#pending.size === 0 && !this.#reloadAll ? null : startedMs;
    for (const listener of this.#listeners) listener();
  }

  async #tryAgain(): Promise<void> {
    await this.#clock.sleep(RETRY_MS, this.#stop.signal).catch(() => {});
    this.#retry = undefined;
    if (!this.#stop.signal.aborted) void this.#drain();
  }

  #reader(): Executor {
    return this.#database.unscoped('the directory knows the keys of every organisation');
  }
}
