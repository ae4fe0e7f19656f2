import type { Principal } from '../../access/index.ts';
import { SESSION_COOKIE, cookieOf, presentedKey } from './credentials.ts';
import type { SameSite } from './same-site.ts';
import type { CallRequest } from '../exchange.ts';

/** Who calls. Keys answer at once, from memory; a session may have to be looked up. `changes`: the call is not a mere read. */
export type Authenticate = (request: CallRequest, changes: boolean) => Principal | Promise<Principal>;

export interface Credentials {
  /** @throws TandemError invalid_api_key, database_stale */
  verifyKey(presented: string): Principal;
  /** @throws TandemError session_required */
  verifySession(token: string): Principal | Promise<Principal>;
}

/**
 * A key wins over a cookie. A call that only the cookie vouches for must come from our own page when it
 * changes something. A caller with neither takes the same way as one with a wrong key.
 */
export function createAuthenticate(credentials: Credentials, sameSite: SameSite): Authenticate {
  return (request, changes) => {
    const key = presentedKey(request.headers);
    const token = key === null ? cookieOf(request.headers, SESSION_COOKIE) : null;
    if (token === null) return credentials.verifyKey(key ?? '');
    if (changes) sameSite.demandFromScript(request);
    return credentials.verifySession(token);
  };
}
