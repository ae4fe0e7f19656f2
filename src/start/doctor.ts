import { statfsSync } from 'node:fs';
import { systemClock, type Config } from '../base/index.ts';
import type { Database } from '../db/index.ts';
import type { Doctor } from '../http/index.ts';
import { lostEpochs, type Ledger } from '../ledger/index.ts';
import type { LocalModel } from './local-model.ts';
import type { ConsolePages } from './console-build.ts';
import { lostGateways } from './lost-gateways.ts';
import type { MishapReport } from './mishaps.ts';

type Report = Awaited<ReturnType<Doctor>>;
type Check = Report['checks'][number];

export interface DoctorParts {
  readonly config: Config;
  readonly database: Database;
  readonly databaseKind: 'embedded' | 'external';
  readonly mishaps: () => MishapReport;
  readonly ledger: Pick<Ledger, 'status'>;
  readonly localModel: LocalModel;
  readonly consolePages: ConsolePages;
  readonly backends: () => readonly { readonly name: string; readonly state: string; readonly reason: string | null }[];
}

/** Enough for a day of usage and the database's own files; below it doctor warns, before anything fails. */
const FREE_BYTES_WARN = 1_000_000_000;
const FREE_BYTES_FAIL = 100_000_000;
const STALE_MS = 5_000;
const UNSYNCED_MS_WARN = 1_000;
const BACKLOG_WARN = 100_000;

/** Checks of every part, worst first left to the reader's eye: in the order of a call's way. */
export function createDoctor(parts: DoctorParts): Doctor {
  return async () => {
    const checks = [server(parts), await database(parts), home(parts.config), ledger(parts), await lost(parts.database), model(parts), ...backends(parts), pages(parts), exposure(parts.config)];
    const worst = checks.some(({ state }) => state === 'fail') ? 'fail' : checks.some(({ state }) => state === 'warn') ? 'warn' : 'pass';
    return { state: worst, checks };
  };
}

const check = (id: string, title: string, state: Check['state'], detail: string, next: string | null = null): Check => ({ id, title, state, detail, next });

function server({ mishaps }: DoctorParts): Check {
  const { count, last, lastAt } = mishaps();
  if (count === 0) return check('server', 'Server', 'pass', 'no error went uncaught since its start');
  return check('server', 'Server', 'warn', `errors that nobody caught since its start: ${count}, the last at ${lastAt}: ${last}`, 'Report this with its lines of the log (npm start prints them), and restart when it suits.');
}

async function database({ database: db, databaseKind }: DoctorParts): Promise<Check> {
  const started = performance.now();
  try {
    const { rows } = await db.pool.query<{ version: string }>(`select current_setting('server_version') as version`);
    const ms = (performance.now() - started).toFixed(1);
    if (db.staleForMs() > STALE_MS) return check('database', 'Database', 'warn', 'it answers, but its notifications were late', 'Watch it: a call is refused when it stays silent for 5 s.');
    return check('database', 'Database', 'pass', `${databaseKind} PostgreSQL ${rows[0]!.version} answers in ${ms} ms`);
  } catch (error) {
    const next = databaseKind === 'external' ? 'Check DATABASE_URL and that server.' : 'Read its log in postgres/log under the home, then restart with npm start.';
    return check('database', 'Database', 'fail', (error as Error).message, next);
  }
}

function home({ home: path }: Config): Check {
  const { bavail, bsize } = statfsSync(path);
  const free = bavail * bsize;
  const detail = `${path}, ${(free / 1e9).toFixed(1)} GB free`;
  if (free < FREE_BYTES_FAIL) return check('disk', 'Home', 'fail', detail, 'Free space on this disk: calls are refused when the log cannot grow.');
  return free < FREE_BYTES_WARN ? check('disk', 'Home', 'warn', detail, 'Free space on this disk before it fills up.') : check('disk', 'Home', 'pass', detail);
}

function ledger(parts: DoctorParts): Check {
  const { refusing, backlogRecords, unsyncedAgeMs, poster } = parts.ledger.status();
  if (refusing !== null) return check('ledger', 'Ledger', 'fail', `new calls are refused: ${refusing}`, 'Free the cause named here; calls are admitted again by themselves.');
  if (poster.state === 'failing') return check('ledger', 'Ledger', 'warn', `${backlogRecords} records wait: the poster fails (${poster.reason ?? 'it ends at once'})`, 'Nothing is lost: free the cause, often the disk or the database, and posting goes on by itself.');
  const detail = `${backlogRecords} records to post, oldest unsynced ${Math.round(unsyncedAgeMs)} ms`;
  if (backlogRecords > BACKLOG_WARN || unsyncedAgeMs > UNSYNCED_MS_WARN) return check('ledger', 'Ledger', 'warn', detail, 'Look at the disk and the database: posting is behind.');
  return check('ledger', 'Ledger', 'pass', detail);
}

/** A log on a disk that no gateway has keeps money and months waiting, and nothing but a person can tell whether it comes back. */
async function lost(db: Database): Promise<Check> {
  try {
    const found = lostGateways(await lostEpochs(db, systemClock.nowMs()));
    return found === null ? check('gateways', 'Lost gateways', 'pass', 'none') : check('gateways', 'Lost gateways', 'warn', found.detail, found.next);
  } catch (error) {
    return check('gateways', 'Lost gateways', 'warn', `not known: ${(error as Error).message}`, 'Put the database right first.');
  }
}

function model({ localModel }: DoctorParts): Check {
  const { state, detail, next } = localModel.describe();
  return check('model', 'Embedded model', state === 'ready' || state === 'off' ? 'pass' : state === 'loading' ? 'warn' : 'fail', detail, next);
}

function backends({ backends: list }: DoctorParts): Check[] {
  return list().map(({ name, state, reason }) => {
    const bad = state === 'unavailable' || state === 'degraded';
    return check(`backend:${name}`, `Backend ${name}`, bad ? 'warn' : 'pass', reason ?? (state === 'unknown' ? 'not called since the start' : state), bad ? `Try it: tandem backends check ${name}` : null);
  });
}

function pages({ consolePages }: DoctorParts): Check {
  return consolePages.folder === undefined
    ? check('console', 'Console', 'warn', `its pages could not be built: ${consolePages.problem}`, 'Free space in the cache folder and start again; the API works without them.')
    : check('console', 'Console', 'pass', 'built');
}

/** Keys and content in the clear on a network is the one setting that nobody wants by accident. */
function exposure({ host, tlsCert, publicUrl }: Config): Check {
  const loopback = /^(127\.|::1$|localhost$)/.test(host);
  if (loopback || tlsCert !== null) return check('network', 'Network', 'pass', loopback ? `listens on ${host} only` : `listens on ${host} with TLS`);
  if (publicUrl?.startsWith('https:')) return check('network', 'Network', 'pass', `listens on ${host}, behind ${publicUrl}`);
  return check('network', 'Network', 'warn', `listens on ${host} without TLS: keys cross the network in the clear`, 'Set TANDEM_TLS_CERT and TANDEM_TLS_KEY, or put a TLS proxy in front and set TANDEM_PUBLIC_URL.');
}
