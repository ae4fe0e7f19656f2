import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export interface Credentials {
  readonly url: string;
  readonly key: string;
}

/** Where the CLI of this machine finds server and admin key. */
export const credentialsPath = (home: string): string => join(home, 'credentials.json');

/** Written whole or not at all, readable by this user only. */
export function writeCredentials(home: string, credentials: Credentials): void {
  const path = credentialsPath(home);
  const temporary = `${path}.new`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    writeSync(file, `${JSON.stringify(credentials, null, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}

export function readCredentials(home: string): Credentials | undefined {
  const path = credentialsPath(home);
  if (!existsSync(path)) return undefined;
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<Credentials>;
    return typeof value.url === 'string' && typeof value.key === 'string' ? { url: value.url, key: value.key } : undefined;
  } catch {
    return undefined;
  }
}
