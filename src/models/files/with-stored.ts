import { signalOf } from '../../base/index.ts';
import type { CallerDialect } from '../neutral/dialect.ts';
import type { NeutralRequest } from '../neutral/request.ts';
import type { CallInput } from '../run/call.ts';
import type { Files } from './files.ts';
import { readStored } from './stored-media.ts';

/**
 * The request with the bytes of the files that it names, checked anew as if they had been sent with it. Null: the client left meanwhile.
 * What is kept of the call elsewhere names the files still.
 * @throws TandemError as `readStored`, and what the dialect says of files that cannot stand where they are named.
 */
export async function withStored(
  dialect: Pick<CallerDialect, 'parse' | 'withFiles'>, { body, fileIds = [] }: NeutralRequest, { principal, headers, signal }: Pick<CallInput, 'principal' | 'headers' | 'signal'>, files: Pick<Files, 'open'>,
): Promise<NeutralRequest | null> {
  try {
    return dialect.parse(dialect.withFiles!(body, await readStored(files, principal, fileIds, signalOf(signal))), headers);
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
}
