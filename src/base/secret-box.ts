import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { TandemError } from './errors.ts';

const CIPHER = 'aes-256-gcm';
const FORMAT = 1;
const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES;
const LINE = /^tandem-secret-1 ([0-9a-f]{8}) ([A-Za-z0-9_-]{43})$/;

/**
 * Seals what is stored but must not be readable from the database alone: backends' keys, kept replies.
 * AES-256-GCM under a key that lives in a file of its own and never in Postgres.
 */
export interface SecretBox {
  /** `context` says what is sealed (table, row); opening under another context fails, so sealed bytes cannot be moved between rows. */
  seal(plain: Uint8Array | string, context: string): Buffer;
  /** @throws TandemError secret_unreadable when the key is missing, or the bytes or the context are not those that were sealed. */
  open(sealed: Uint8Array, context: string): Buffer;
  /** Adds a key: it seals from now on, the older ones still open. Other processes see it at their next start, so start all before sealing on one. */
  rotate(): void;
}

interface SecretKey {
  readonly id: string;
  readonly bytes: Buffer;
}

/**
 * Opens the secret file, and makes it at the first start (mode 0600). One key to a line:
 * `tandem-secret-1 <key id> <32 bytes in base64url>`; the last line seals, every line opens.
 * Several processes that start at once end with the same file.
 * @throws TandemError secret_file_invalid when the file is readable by others, unreadable or not of that form.
 */
export function openSecretBox(path: string): SecretBox {
  let keys = readKeys(path) ?? createFile(path);
  return {
    seal(plain, context) {
      const key = keys.at(-1)!;
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, key.bytes, nonce);
      cipher.setAAD(Buffer.from(context));
      const body = typeof plain === 'string' ? cipher.update(plain, 'utf8') : cipher.update(plain);
      return Buffer.concat([Buffer.of(FORMAT), Buffer.from(key.id, 'hex'), nonce, body, cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed, context) {
      return openSealed(keys, Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength), context);
    },
    rotate() {
      keys = [...keys, newKey()];
      replaceFile(path, keys);
    },
  };
}

function openSealed(keys: readonly SecretKey[], sealed: Buffer, context: string): Buffer {
  if (sealed.length < HEAD_BYTES + TAG_BYTES || sealed[0] !== FORMAT) throw unreadable('its form is not known');
  const id = sealed.toString('hex', 1, 1 + KEY_ID_BYTES);
  const key = keys.find((one) => one.id === id);
  if (!key) throw unreadable(`the secret file does not hold the key ${id} that sealed it`);
  const decipher = createDecipheriv(CIPHER, key.bytes, sealed.subarray(1 + KEY_ID_BYTES, HEAD_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(HEAD_BYTES, sealed.length - TAG_BYTES)), decipher.final()]);
  } catch {
    throw unreadable('its bytes were changed, or it belongs to another row');
  }
}

function unreadable(reason: string): TandemError {
  return new TandemError('secret_unreadable', { params: { reason } });
}

function newKey(): SecretKey {
  return { id: randomBytes(KEY_ID_BYTES).toString('hex'), bytes: randomBytes(32) };
}

function readKeys(path: string): SecretKey[] | undefined {
  let content: string;
  try {
    const file = openSync(path, 'r');
    try {
      const { mode } = fstatSync(file);
      if ((mode & 0o077) !== 0) throw invalid(path, `others may use it (mode ${(mode & 0o777).toString(8).padStart(4, '0')}); run chmod 600 on it`);
      content = readFileSync(file, 'utf8');
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof TandemError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw invalid(path, `it cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`);
  }
  const keys = content.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line, index): SecretKey => {
    const match = LINE.exec(line);
    if (!match) throw invalid(path, `line ${index + 1} is not a key`);
    return { id: match[1]!, bytes: Buffer.from(match[2]!, 'base64url') };
  });
  if (keys.length === 0) throw invalid(path, 'it holds no key');
  return keys;
}

/** The finished file is linked into place, which fails when another process was first: then that one's is read. */
function createFile(path: string): SecretKey[] {
  const keys = [newKey()];
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = writeDraft(path, keys);
  try {
    linkSync(draft, path);
    return keys;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw invalid(path, `it cannot be made (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`);
    return readKeys(path)!;
  } finally {
    unlinkSync(draft);
  }
}

function replaceFile(path: string, keys: readonly SecretKey[]): void {
  renameSync(writeDraft(path, keys), path);
}

function writeDraft(path: string, keys: readonly SecretKey[]): string {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  let file: number;
  try {
    file = openSync(draft, 'wx', 0o600);
  } catch (error) {
    throw invalid(path, `it cannot be made (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`);
  }
  try {
    writeSync(file, `# Seals secrets in Tandem's database. Keep it apart from database backups; without it they stay sealed.\n`
      + keys.map(({ id, bytes }) => `tandem-secret-1 ${id} ${bytes.toString('base64url')}\n`).join(''));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return draft;
}

function invalid(path: string, reason: string): TandemError {
  return new TandemError('secret_file_invalid', { params: { path, reason } });
}
