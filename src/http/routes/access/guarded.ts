import { isTandemError } from '../../../base/index.ts';
import type { Access, NewSession } from '../../../access/index.ts';
import type { SessionCookie } from '../../api/handle.ts';

/**
 * Opens a session for the browser that calls, unless too many attempts of its address, or with this
 * token, have failed.
 */
export async function guarded(attempts: Access['attempts'], call: { readonly peer: string; readonly cookie: SessionCookie }, presented: string, open: () => Promise<NewSession>): Promise<{ ok: true }> {
  attempts.check(call.peer, presented);
  try {
    const session = await open();
    call.cookie.set(session.token, session.maxAgeSeconds);
    return { ok: true };
  } catch (error) {
    // What the server is to blame for is no attempt at guessing.
    if (isTandemError(error) && error.status < 500) attempts.failed(call.peer, presented);
    throw error;
  }
}
