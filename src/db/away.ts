/** Postgres' own words for that it is ending, starting, or full (appendix A of its documentation: class 08, 57P01 to 57P03, 53300). */
const POSTGRES = /^(?:08\w{3}|57P0[123]|53300)$/;
/** The driver's (pg 8, pg-pool 3 and Kysely), which come without a code. */
const DRIVER = /^(?:Connection terminated|Postgres connection has been discarded|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|Client was closed and is not queryable|Query read timeout)/;
/** The system's, of a way to somebody that is not there: connect(2), getaddrinfo(3). */
const SYSTEM = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN', 'ENOTFOUND']);

/** Errors that connections to the database had: the system's do not say whom they are about. */
const ours = new WeakSet<Error>();

/** Remembers that an error is one of a connection to the database. */
export function ofDatabase<T>(error: T): T {
  if (error instanceof Error) ours.add(error);
  return error;
}

/** Whether a query failed because the database went away or is just coming: asked again later, it may do. */
export function isDatabaseLost(error: unknown): boolean {
  return holds(error, (one) => says(one) || (ours.has(one) && isSystems(one)));
}

/** Whether somebody who opens the database finds none now, or none that stays: nothing but the database is meant by what was thrown. */
export function isDatabaseAway(error: unknown): boolean {
  return holds(error, (one) => says(one) || isSystems(one));
}

function says(error: Error): boolean {
  const { code } = error as { code?: unknown };
  return (typeof code === 'string' && POSTGRES.test(code)) || DRIVER.test(error.message);
}

/** A socket's file goes with the server that made it. */
function isSystems(error: Error): boolean {
  const { code, syscall } = error as { code?: unknown; syscall?: unknown };
  return (typeof code === 'string' && SYSTEM.has(code)) || (code === 'ENOENT' && syscall === 'connect');
}

/** The error itself, what caused it, or one of those that it stands for. */
function holds(error: unknown, is: (one: Error) => boolean): boolean {
  if (!(error instanceof Error)) return false;
  if (is(error) || (error instanceof AggregateError && error.errors.some((one) => holds(one, is)))) return true;
  return holds(error.cause, is);
}
