import { PORT } from './settings.ts';

/** What a Postgres driver needs to reach the embedded database. `host` is a folder: a Unix socket. */
export interface EmbeddedConnection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export const SUPERUSER = 'tandem';
const DATABASE = 'tandem';

export function connectionTo(host: string, password: string): EmbeddedConnection {
  return { host, port: PORT, user: SUPERUSER, password, database: DATABASE };
}
