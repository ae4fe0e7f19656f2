import { TandemError } from '../base/index.ts';

/** ENOSPC and EDQUOT of the system; 53100 is what Postgres calls it. */
const CODES = new Set(['ENOSPC', 'EDQUOT', '53100']);

/** An error of a start whose deepest reason is a full disk becomes `disk_full`; any other stays as it is. */
export function tellDiskFull(error: unknown, path: string): unknown {
  for (let one: unknown = error; one instanceof Error; one = one.cause) {
    if (CODES.has((one as NodeJS.ErrnoException).code ?? '')) return new TandemError('disk_full', { params: { path }, cause: error });
  }
  return error;
}
