import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { TandemError } from './errors.ts';

/** One setting of the environment. `docs/reference/config.md` is generated from this table. */
interface Setting<T> {
  readonly name: string;
  readonly fallback: string;
  readonly about: string;
  readonly parse: (text: string) => T;
}

const setting = <T>(name: string, fallback: string, about: string, parse: (text: string) => T): Setting<T> => ({ name, fallback, about, parse });

class Invalid extends Error {}

const text = (value: string): string => value;
const optional = (value: string): string | null => (value === '' ? null : value);
const flag = (value: string): boolean => {
  if (value === '1' || value === 'true') return true;
  if (value === '' || value === '0' || value === 'false') return false;
  throw new Invalid('it is 1 or 0');
};
const whole = (least: number, most: number) => (value: string): number => {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < least || number > most) throw new Invalid(`it is a whole number from ${least} to ${most}`);
  return number;
};
const oneOf = <const T extends string>(...allowed: T[]) => (value: string): T => {
  const found = allowed.find((word) => word === value);
  if (found === undefined) throw new Invalid(`it is one of ${allowed.join(', ')}`);
  return found;
};
const httpUrl = (value: string): string | null => {
  if (value === '') return null;
  const url = URL.parse(value);
  if (!url || !/^https?:$/.test(url.protocol)) throw new Invalid('it is an http or https URL');
  return url.origin;
};
/** Where machines with the agent reach this server. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

const address = (value: string): HostAndPort | 'off' | null => {
  if (value === '' || value === 'off') return value === '' ? null : value;
  const url = URL.parse(`tcp://${value}`);
  if (!url || url.hostname === '' || url.port === '' || url.host !== value || ['0.0.0.0', '[::]'].includes(url.hostname)) throw new Invalid('it is the HOST:PORT by which other machines reach this one');
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) };
};
const postgresUrl = (value: string): string | null => {
  if (value === '') return null;
  // Without a host (`postgres://user@/tandem?host=/run/postgresql`) it is libpq's form for a socket, which URL does not know.
  const url = URL.parse(value.replace('@/', '@socket/'));
  if (!url || !/^postgres(ql)?:$/.test(url.protocol)) throw new Invalid('it is a URL such as postgres://user:password@host:5432/tandem');
  return value;
};

/** Every setting, in the order in which the reference lists them. */
export const SETTINGS = {
  home: setting('TANDEM_HOME', '', 'Where everything is kept. Default: ~/.tandem, or /var/lib/tandem for root.', text),
  host: setting('TANDEM_HOST', '127.0.0.1', 'The address to listen on.', text),
  port: setting('TANDEM_PORT', '4600', 'The port to listen on.', whole(0, 65_535)),
  publicUrl: setting('TANDEM_PUBLIC_URL', '', 'How browsers and callers reach this server, when that is not http://HOST:PORT.', httpUrl),
  agentAddress: setting('TANDEM_AGENT_ADDRESS', '', 'The HOST:PORT by which machines with the agent reach this server; it listens there, by TLS; or off. Default: off while TANDEM_HOST is the loopback alone, else port 4601 of TANDEM_PUBLIC_URL or TANDEM_HOST.', address),
  peerAddress: setting('TANDEM_PEER_ADDRESS', '', 'The HOST:PORT by which other server processes of the same database reach this one\'s listener for agents, where TANDEM_AGENT_ADDRESS leads to any of them. Default: TANDEM_AGENT_ADDRESS.', address),
  databaseUrl: setting('DATABASE_URL', '', 'An external Postgres (16 or newer). Default: the embedded one.', postgresUrl),
  databaseWaitSeconds: setting('TANDEM_DATABASE_WAIT_SECONDS', '60', 'How long a start waits for a database that is away, before it ends with the reason. 0: not at all.', whole(0, 3_600)),
  secretFile: setting('TANDEM_SECRET_FILE', '', 'The key that seals stored secrets. Default: HOME/secret, made at first start with mode 0600.', optional),
  configFile: setting('TANDEM_CONFIG', '', 'The operator\'s file: backends, open address ranges, OIDC, proxies. Default: HOME/config.json, if it is there.', optional),
  cache: setting('TANDEM_CACHE', '', 'Where large downloads are kept by hash, shared by all homes. Default: $XDG_CACHE_HOME/tandem or ~/.cache/tandem.', text),
  localModel: setting('TANDEM_LOCAL_MODEL', 'default', 'The embedded model: default, off, or the path of a GGUF file.', text),
  strict: setting('TANDEM_STRICT', '0', '1: a reply ends only after its usage event is synced to disk. 0: it is in the log, and a sync starts within 10 ms.', flag),
  tlsCert: setting('TANDEM_TLS_CERT', '', 'A PEM certificate chain: serve HTTPS with it.', optional),
  tlsKey: setting('TANDEM_TLS_KEY', '', 'The PEM key of TANDEM_TLS_CERT.', optional),
  trustedProxies: setting('TANDEM_TRUSTED_PROXIES', '', 'Addresses or CIDR ranges, comma-separated, whose X-Forwarded-* headers are believed. Default: none.',
    (value) => value.split(',').map((part) => part.trim()).filter((part) => part !== '')),
  maxBodyBytes: setting('TANDEM_MAX_BODY_BYTES', '16777216', 'The largest request body.', whole(1024, 1_073_741_824)),
  flexParallel: setting('TANDEM_FLEX_PARALLEL', '8', 'Calls of one model on one backend that a process may have in flight, from which on calls of the tier flex and batches wait.', whole(1, 10_000)),
  maxFileBytes: setting('TANDEM_MAX_FILE_BYTES', '209715200', 'The largest file that is uploaded to /v1/files. Files lie sealed in the database.', whole(1024, 1_073_741_824)),
  logLevel: setting('TANDEM_LOG', 'info', 'How much is logged: debug, info, warn, error or silent.', oneOf('debug', 'info', 'warn', 'error', 'silent')),
} as const;

type SettingName = keyof typeof SETTINGS;
type Parsed = { [K in SettingName]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never };

/** All settings, parsed; paths are absolute. `file` is the operator's file as parsed JSON, checked by the room that reads a part of it. */
export interface Config extends Readonly<Omit<Parsed, 'secretFile' | 'configFile' | 'agentAddress'>> {
  /** Null: machines have no way to reach this server. */
  readonly agentAddress: HostAndPort | null;
  readonly secretFile: string;
  readonly configFile: string;
  readonly file: Readonly<Record<string, unknown>>;
}

/**
 * Reads the settings from an environment and the operator's file.
 * @throws TandemError setting_invalid naming the setting.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>, isRoot = process.getuid?.() === 0): Config {
  const parsed = Object.fromEntries(
    Object.entries(SETTINGS).map(([key, one]) => [key, parseSetting(one as Setting<unknown>, env[one.name] ?? one.fallback)]),
  ) as unknown as Parsed;

  const home = absolute(parsed.home || (isRoot ? '/var/lib/tandem' : join(homedir(), '.tandem')));
  const cache = absolute(parsed.cache || join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'tandem'));
  if ((parsed.tlsCert === null) !== (parsed.tlsKey === null)) {
    throw new TandemError('setting_invalid', { params: { name: parsed.tlsCert === null ? 'TANDEM_TLS_CERT' : 'TANDEM_TLS_KEY', reason: 'certificate and key are set together' } });
  }
  const configFile = absolute(parsed.configFile ?? join(home, 'config.json'));
  return {
    ...parsed, home, cache, configFile, agentAddress: parsed.agentAddress === 'off' ? null : (parsed.agentAddress ?? usualAgentAddress(parsed)),
    secretFile: absolute(parsed.secretFile ?? join(home, 'secret')),
    file: readOperatorFile(configFile, parsed.configFile !== null),
  };
}

const AGENT_PORT = 4601;

/** Hosts by which this server is reached from elsewhere, as far as its settings say. */
export function controlHosts({ host, publicUrl, agentAddress, peerAddress }: Pick<Config, 'host' | 'publicUrl' | 'agentAddress' | 'peerAddress'>): string[] {
  const named = [host, publicUrl === null ? '' : new URL(publicUrl).hostname.replace(/^\[|\]$/g, ''), agentAddress?.host ?? '', peerAddress !== null && peerAddress !== 'off' ? peerAddress.host : ''];
  return [...new Set(named)].filter((one) => one !== '' && one !== '0.0.0.0' && one !== '::' && !isHere(one));
}

/** Nobody is surprised by a port that opens: who keeps the server to this machine has no listener for others. */
function usualAgentAddress({ host, publicUrl }: Pick<Parsed, 'host' | 'publicUrl'>): HostAndPort | null {
  const named = publicUrl === null ? host : new URL(publicUrl).hostname.replace(/^\[|\]$/g, '');
  return isHere(host) || isHere(named) || named === '0.0.0.0' || named === '::' ? null : { host: named, port: AGENT_PORT };
}

function isHere(name: string): boolean {
  return name === 'localhost' || name === '::1' || name.startsWith('127.');
}

function parseSetting<T>(one: Setting<T>, value: string): T {
  try {
    return one.parse(value.trim());
  } catch (error) {
    if (error instanceof Invalid) throw new TandemError('setting_invalid', { params: { name: one.name, reason: error.message } });
    throw error;
  }
}

function readOperatorFile(path: string, mustExist: boolean): Record<string, unknown> {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    if (!mustExist && (error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new TandemError('setting_invalid', { params: { name: 'TANDEM_CONFIG', reason: `${path} cannot be read` }, cause: error });
  }
  try {
    const value: unknown = JSON.parse(content);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Told below: the parser's own message could quote a secret from the file.
  }
  throw new TandemError('setting_invalid', { params: { name: 'TANDEM_CONFIG', reason: `${path} is not a JSON object` } });
}

function absolute(path: string): string {
  return isAbsolute(path) ? path : resolve(path);
}
