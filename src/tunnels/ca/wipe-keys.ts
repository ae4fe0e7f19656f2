import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { sql } from 'kysely';
import { publicJwk, signJws } from '../../base/index.ts';
import type { Executor } from '../../db/index.ts';
import type { WipeSigner } from '../../fleet/index.ts';
import type { AuthoritiesOptions } from './authorities.ts';

const LOCK = 0x7a6d_0020;
/** A key signs for a year; the next one is made when it is first needed after that. */
const YEAR_MS = 365 * 86_400_000;

/** The keys that vouch for wipes, used for nothing else. The first is made when it is first needed; public ones are kept for good. */
export class WipeKeys implements WipeSigner {
  readonly #options: AuthoritiesOptions;

  constructor(options: AuthoritiesOptions) {
    this.#options = options;
  }

  /** @throws TandemError secret_unreadable without the secret file that sealed the key. */
  async sign(claims: Readonly<Record<string, unknown>>, type: string): Promise<{ readonly keyId: string; readonly certificate: string }> {
    const { database, secrets } = this.#options;
    const { id, private_key } = (await this.#newest(database.unscoped('keys of this installation'))) ?? (await this.#make());
    const key = createPrivateKey({ key: secrets.open(private_key, contextOf(id)), format: 'der', type: 'pkcs8' });
    return { keyId: publicJwk(key).kid, certificate: signJws(claims, type, key) };
  }

  async keys(): ReturnType<WipeSigner['keys']> {
    const rows = await this.#options.database.unscoped('keys of this installation').selectFrom('authorities').select(['public_key', 'created_at', 'retired_at']).where('purpose', '=', 'wipe').orderBy('created_at', 'desc').orderBy('id', 'desc').execute();
    return rows.map((row) => ({ ...publicJwk(createPublicKey({ key: row.public_key, format: 'der', type: 'spki' })), createdAt: row.created_at, retiredAt: row.retired_at }));
  }

  /** Another key signs from now on; what the old one signed stays good. */
  async rotate(): Promise<void> {
    await this.#make(true);
  }

  #newest(executor: Executor): Promise<{ id: string; private_key: Buffer } | undefined> {
    const since = new Date(this.#options.clock.nowMs() - YEAR_MS);
    return executor.selectFrom('authorities').select(['id', 'private_key']).where('purpose', '=', 'wipe').where('retired_at', 'is', null).where('created_at', '>', since).orderBy('created_at', 'desc').orderBy('id', 'desc').executeTakeFirst();
  }

  /** Several processes that need one at once make one. */
  #make(anew = false): Promise<{ id: string; private_key: Buffer }> {
    const { database, secrets, clock, newId } = this.#options;
    return database.transaction(async (tx) => {
      await sql`select pg_advisory_xact_lock(${LOCK})`.execute(tx);
      const known = anew ? undefined : await this.#newest(tx);
      if (known !== undefined) return known;
      const id = newId();
      const now = new Date(clock.nowMs());
      const { publicKey, privateKey } = generateKeyPairSync('ed25519');
      const private_key = secrets.seal(privateKey.export({ type: 'pkcs8', format: 'der' }), contextOf(id));
      await tx.updateTable('authorities').set({ retired_at: now }).where('purpose', '=', 'wipe').where('retired_at', 'is', null).execute();
      await tx.insertInto('authorities').values({ id, purpose: 'wipe', public_key: publicKey.export({ type: 'spki', format: 'der' }), private_key, certificate: null, created_at: now, retired_at: null }).execute();
      return { id, private_key };
    });
  }
}

const contextOf = (id: string): string => `authorities.private_key ${id}`;
