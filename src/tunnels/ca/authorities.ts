import { X509Certificate, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { sql } from 'kysely';
import type { Clock, SecretBox } from '../../base/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import { issueCertificate, keyHash, pem } from './certificate.ts';

export interface AuthoritiesOptions {
  readonly database: Database;
  readonly secrets: SecretBox;
  readonly clock: Clock;
  readonly newId: () => string;
}

interface Authority {
  readonly subject: string;
  readonly privateKey: KeyObject;
  readonly certificate: Buffer;
}

/** What the listener for agents speaks TLS with. */
export interface ServerIdentity {
  /** PEM. */
  readonly key: string;
  readonly certificate: string;
  /** The roots that agents' certificates are believed from, the newest first. */
  readonly roots: readonly string[];
  /** SHA-256 of the server key's SPKI, in base64: what an enrolment line carries. */
  readonly pin: string;
}

/** By this name agents know the server, whatever its address is at the time. */
const SERVER_NAME = 'agents.tandem';
const DAY_MS = 86_400_000;
const ROOT_DAYS = 3_650;
const SERVER_DAYS = 397;
/** An agent's certificate; it asks for the next at half of it. */
export const NODE_CERTIFICATE_MS = DAY_MS;
/** Clocks of server processes may be this far behind the database's, by whose a node's certificate is made. */
const NODE_BACKDATE_MS = 3_600_000;
/** The clock may be ahead when a server starts, and right after that: a machine that takes its hardware's local time for UTC. What it signed must be valid then; and clocks of nodes may be behind. */
const SERVER_BACKDATE_MS = 30 * DAY_MS;
const LOCK = 0x7a6d_0014;

/** The keys of this installation for agents. Made at first start; private ones lie sealed in the database. */
export class Authorities {
  readonly #options: AuthoritiesOptions;
  #roots: Authority[] = [];
  #serverKey: KeyObject | undefined;

  constructor(options: AuthoritiesOptions) {
    this.#options = options;
  }

  /** Makes what is not there yet and opens the keys. @throws TandemError secret_unreadable without the secret file that sealed them. */
  async start(): Promise<void> {
    await this.#options.database.transaction(async (tx) => {
      // Several processes that start at once end with the same keys.
      await this.lock(tx);
      if ((await this.#rows(tx, 'agent-ca')).length === 0) await this.#makeRoot(tx);
      if ((await this.#rows(tx, 'agent-server')).length === 0) await this.#insert(tx, 'agent-server', newKey(), null);
      await this.#load(tx);
    });
  }

  /** A new root beside the old ones, which are believed until they are retired; it signs for machines from now on. @param tx a transaction that holds the lock. */
  async addRoot(tx?: Executor): Promise<void> {
    await this.#change(tx, (inside) => this.#makeRoot(inside));
  }

  /** Believes only the newest root from now on. @param tx a transaction that holds the lock. */
  async retireOldRoots(tx?: Executor): Promise<void> {
    const { clock } = this.#options;
    await this.#change(tx, async (inside) => {
      const [newest] = await this.#rows(inside, 'agent-ca');
      await inside.updateTable('authorities').set({ retired_at: new Date(clock.nowMs()) }).where('purpose', '=', 'agent-ca').where('id', '!=', newest!.id).where('retired_at', 'is', null).execute();
    });
  }

  /** Until the transaction ends no other process changes the keys. */
  async lock(tx: Executor): Promise<void> {
    await sql`select pg_advisory_xact_lock(${LOCK})`.execute(tx);
  }

  /** Takes over what another process has changed. */
  reload(): Promise<void> {
    return this.#load(this.#options.database.unscoped('keys of this installation'));
  }

  /** The roots that are believed, as the database has them, the newest first. */
  async rootFacts(executor: Executor): Promise<{ readonly fingerprint: string; readonly createdAt: Date; readonly expiresAt: Date }[]> {
    return (await this.#rows(executor, 'agent-ca')).map(({ certificate, created_at }) => {
      const read = new X509Certificate(certificate!);
      return { fingerprint: read.fingerprint256.replaceAll(':', '').toLowerCase(), createdAt: created_at, expiresAt: read.validToDate };
    });
  }

  /** The server's certificate, made anew at each start; its key, and so its pin, stays. @param names more names and addresses that it answers to. */
  server(names: readonly string[]): ServerIdentity {
    const key = this.#serverKey!;
    const certificate = this.#forServer('server', 'Tandem agents', [SERVER_NAME, ...names]);
    return {
      key: key.export({ type: 'pkcs8', format: 'pem' }) as string, certificate: pem(certificate),
      roots: this.roots(), pin: this.pin,
    };
  }

  /** SHA-256 of the server key's SPKI, in base64. */
  get pin(): string {
    return keyHash(publicOf(this.#serverKey!)).toString('base64');
  }

  /** What this process shows another process of the same server: the same key, vouched for as a client's. */
  peer(): Pick<ServerIdentity, 'key' | 'certificate'> {
    const key = this.#serverKey!;
    return { key: key.export({ type: 'pkcs8', format: 'pem' }) as string, certificate: pem(this.#forServer('peer', 'Tandem server', [])) };
  }

  roots(): readonly string[] {
    return this.#roots.map(({ certificate }) => pem(certificate));
  }

  /**
   * A day's certificate for a node. Returns PEM.
   * @param atMs its beginning; default: now by the database's clock. All processes share that one, and the wall clock of one may be wrong for a
   * while: the others would take none of its certificates, and it would take them no more itself once the clock is right.
   */
  async forNode(nodeId: string, publicKey: Buffer, atMs?: number): Promise<{ readonly certificate: string; readonly expiresAt: Date }> {
    const fromMs = atMs ?? await this.#databaseNowMs();
    const until = new Date(fromMs + NODE_CERTIFICATE_MS);
    return { certificate: pem(this.#issue(this.#roots[0]!, { use: 'node', subject: nodeId, publicKey, names: [], from: new Date(fromMs - NODE_BACKDATE_MS), until })), expiresAt: until };
  }

  async #databaseNowMs(): Promise<number> {
    const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(this.#options.database.unscoped('the clock that all processes share'));
    return rows[0]!.now.getTime();
  }

  #forServer(use: 'server' | 'peer', subject: string, names: readonly string[]): Buffer {
    const nowMs = this.#options.clock.nowMs();
    // By the oldest: a machine that was away since before the newest knows that one alone, and could never be told of another.
    return this.#issue(this.#roots.at(-1)!, { use, subject, publicKey: publicOf(this.#serverKey!), names, from: new Date(nowMs - SERVER_BACKDATE_MS), until: new Date(nowMs + SERVER_DAYS * DAY_MS) });
  }

  #issue(issuer: Authority, to: Omit<Parameters<typeof issueCertificate>[0], 'serial' | 'issuer'>): Buffer {
    return issueCertificate({ ...to, serial: newSerial(), issuer });
  }

  /** In the caller's transaction, who reads the keys anew when that has ended; else in one of its own. */
  async #change(tx: Executor | undefined, work: (tx: Executor) => Promise<void>): Promise<void> {
    if (tx !== undefined) return work(tx);
    await this.#options.database.transaction(async (own) => {
      await this.lock(own);
      await work(own);
    });
    await this.reload();
  }

  async #makeRoot(tx: Executor): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    const key = newKey();
    const serial = newSerial();
    const subject = `Tandem agents ${serial.toString('hex', 0, 4)}`;
    const certificate = issueCertificate({ use: 'authority', subject, publicKey: publicOf(key), names: [], from: new Date(nowMs - SERVER_BACKDATE_MS), until: new Date(nowMs + ROOT_DAYS * DAY_MS), serial, issuer: { subject, privateKey: key } });
    await this.#insert(tx, 'agent-ca', key, certificate);
  }

  async #insert(tx: Executor, purpose: 'agent-ca' | 'agent-server', key: KeyObject, certificate: Buffer | null): Promise<void> {
    const { secrets, clock, newId } = this.#options;
    const id = newId();
    await tx.insertInto('authorities').values({
      id, purpose, public_key: publicOf(key), private_key: secrets.seal(key.export({ type: 'pkcs8', format: 'der' }), contextOf(id)), certificate, created_at: new Date(clock.nowMs()), retired_at: null,
    }).execute();
  }

  async #load(tx: Executor): Promise<void> {
    const { secrets } = this.#options;
    const open = (row: { id: string; private_key: Buffer }): KeyObject => createPrivateKey({ key: secrets.open(row.private_key, contextOf(row.id)), format: 'der', type: 'pkcs8' });
    this.#roots = (await this.#rows(tx, 'agent-ca')).map((row) => ({ subject: new X509Certificate(row.certificate!).subject.replace(/^CN=/, ''), privateKey: open(row), certificate: row.certificate! }));
    this.#serverKey = open((await this.#rows(tx, 'agent-server'))[0]!);
  }

  async #rows(tx: Executor, purpose: 'agent-ca' | 'agent-server') {
    return tx.selectFrom('authorities').select(['id', 'private_key', 'certificate', 'created_at']).where('purpose', '=', purpose).where('retired_at', 'is', null).orderBy('created_at', 'desc').orderBy('id', 'desc').execute();
  }
}

const contextOf = (id: string): string => `authorities.private_key ${id}`;
const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

function publicOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}

/** Positive and of 16 bytes: RFC 5280 allows 20. */
function newSerial(): Buffer {
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  return serial;
}
