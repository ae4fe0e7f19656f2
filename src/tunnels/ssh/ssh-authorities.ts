import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import { TandemError, type Clock, type SecretBox } from '../../base/index.ts';
import type { Database, Executor } from '../../db/index.ts';

const run = promisify(execFile);

export interface SshAuthoritiesOptions {
  readonly database: Database;
  readonly secrets: SecretBox;
  readonly clock: Clock;
  readonly newId: () => string;
}

type Purpose = 'ssh-user' | 'ssh-host';

interface Authority {
  /** `ssh-ed25519 AAAA…`, without a comment. */
  readonly publicKey: string;
  /** OpenSSH's own form. */
  readonly privateKey: string;
}

/** A key that ssh-keygen signs for somebody. */
export interface SshCertificateOrder {
  readonly publicKey: string;
  /** Stands in sshd's log. */
  readonly keyId: string;
  readonly principals: readonly string[];
  readonly forSeconds: number;
}

const LOCK = 0x7a6d_0015;
const PUBLIC_KEY = /^(?:ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521)|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com|ssh-rsa) [A-Za-z0-9+/=]{1,2000}$/;
/** Clocks of machines may be this far behind. */
const BACKDATE_SECONDS = 120;

/** The two CAs of SSH, one for people and one for hosts. They are made when they are first needed, by OpenSSH's own tools. */
export class SshAuthorities {
  readonly #options: SshAuthoritiesOptions;
  readonly #known = new Map<Purpose, Promise<Authority>>();

  constructor(options: SshAuthoritiesOptions) {
    this.#options = options;
  }

  async publicKey(purpose: Purpose): Promise<string> {
    return (await this.#authority(purpose)).publicKey;
  }

  /** Lets a person in: a terminal and ports, no agent, no X11. Returns the certificate's line. @throws TandemError invalid_request for what is no key. */
  async forUser(order: SshCertificateOrder): Promise<string> {
    return this.#sign('ssh-user', order, ['-O', 'clear', '-O', 'permit-pty', '-O', 'permit-port-forwarding']);
  }

  async forHost(order: SshCertificateOrder): Promise<string> {
    return this.#sign('ssh-host', order, ['-h']);
  }

  async #sign(purpose: Purpose, { publicKey, keyId, principals, forSeconds }: SshCertificateOrder, options: readonly string[]): Promise<string> {
    const line = keyLine(publicKey);
    const authority = await this.#authority(purpose);
    return inFolder(async (folder) => {
      const [ca, key] = [join(folder, 'ca'), join(folder, 'key.pub')];
      await Promise.all([writeFile(ca, authority.privateKey, { mode: 0o600 }), writeFile(key, `${line}\n`)]);
      const serial = String(this.#options.clock.nowMs());
      await keygen(['-q', '-s', ca, '-I', keyId, '-n', principals.join(','), '-V', `-${BACKDATE_SECONDS}s:+${forSeconds}s`, '-z', serial, ...options, key]);
      return (await readFile(join(folder, 'key-cert.pub'), 'utf8')).trim();
    });
  }

  #authority(purpose: Purpose): Promise<Authority> {
    const known = this.#known.get(purpose);
    if (known !== undefined) return known;
    const opening = this.#open(purpose);
    this.#known.set(purpose, opening);
    opening.catch(() => this.#known.delete(purpose));
    return opening;
  }

  #open(purpose: Purpose): Promise<Authority> {
    const { database, secrets, clock, newId } = this.#options;
    return database.transaction(async (tx) => {
      await sql`select pg_advisory_xact_lock(${LOCK})`.execute(tx);
      const row = await newestOf(tx, purpose);
      if (row !== undefined) return { publicKey: row.public_key.toString(), privateKey: secrets.open(row.private_key, contextOf(row.id)).toString() };
      const made = await makeKey();
      const id = newId();
      await tx.insertInto('authorities').values({ id, purpose, public_key: Buffer.from(made.publicKey), private_key: secrets.seal(made.privateKey, contextOf(id)), certificate: null, created_at: new Date(clock.nowMs()), retired_at: null }).execute();
      return made;
    });
  }
}

/** One public key, without its comment. @throws TandemError invalid_request. */
export function keyLine(text: string): string {
  const line = text.trim().split(' ').slice(0, 2).join(' ');
  if (!PUBLIC_KEY.test(line)) throw new TandemError('invalid_request', { param: 'publicKey', params: { reason: 'publicKey must be one line of an OpenSSH public key.' } });
  return line;
}

function newestOf(tx: Executor, purpose: Purpose) {
  return tx.selectFrom('authorities').select(['id', 'public_key', 'private_key']).where('purpose', '=', purpose).where('retired_at', 'is', null).orderBy('created_at', 'desc').executeTakeFirst();
}

function makeKey(): Promise<Authority> {
  return inFolder(async (folder) => {
    const path = join(folder, 'ca');
    await keygen(['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path]);
    return { publicKey: (await readFile(`${path}.pub`, 'utf8')).trim(), privateKey: await readFile(path, 'utf8') };
  });
}

/** ssh-keygen reads keys from files alone: a folder of this user's own, gone afterwards. */
async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'tandem-ssh-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function keygen(args: readonly string[]): Promise<void> {
  try {
    await run('ssh-keygen', args, { timeout: 10_000 });
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    if (code === 'ENOENT') throw new TandemError('ssh_unavailable', { cause: error });
    throw new TandemError('invalid_request', { param: 'publicKey', params: { reason: 'ssh-keygen does not take this public key.' }, detail: stderr?.slice(0, 300) ?? '', cause: error });
  }
}

const contextOf = (id: string): string => `authorities.private_key ${id}`;
