import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit.ts';

export interface Credentials {
  readonly url: string;
  readonly key: string;
}

type Env = Readonly<Record<string, string | undefined>>;

export function credentialsPath(env: Env): string {
  const home = env['TANDEM_HOME'] || (process.getuid?.() === 0 ? '/var/lib/tandem' : join(homedir(), '.tandem'));
  return join(home, 'credentials.json');
}

/** `TANDEM_URL` and `TANDEM_KEY` override what the file of the first start, or of `tandem login`, says. */
export function readCredentials(env: Env): Credentials {
  const saved = readSaved(credentialsPath(env));
  const url = env['TANDEM_URL'] || saved?.url;
  const key = env['TANDEM_KEY'] || saved?.key;
  if (!url || !key) {
    throw new CliError('login_required', `There is no ${url ? 'key' : 'server'} to use: ${credentialsPath(env)} is not there.`,
      'Start a server here with npm start, or point to one: tandem login --url URL --key-file FILE', EXIT.login);
  }
  return { url: serverAddress(url), key };
}

/** The address of a server, also from that of its API as SDKs take it. */
export function serverAddress(url: string): string {
  return url.replace(/\/+$/, '').replace(/\/v1$/, '');
}

/** Written whole or not at all, readable by this user only. */
export function saveCredentials(env: Env, credentials: Credentials): string {
  const path = credentialsPath(env);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  chmodSync(temporary, 0o600);
  renameSync(temporary, path);
  return path;
}

function readSaved(path: string): Partial<Credentials> | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new CliError('credentials_unreadable', `${path} cannot be read (${code ?? 'unknown'}).`, `Run as the user who started the server, or set TANDEM_URL and TANDEM_KEY.`, EXIT.login);
  }
  try {
    return JSON.parse(text) as Partial<Credentials>;
  } catch {
    throw new CliError('credentials_invalid', `${path} is not valid JSON.`, 'Write it again: tandem login --url URL --key-file FILE', EXIT.login);
  }
}
