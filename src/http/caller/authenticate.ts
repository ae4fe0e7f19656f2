import { hashedKey, type HashedKey, type Principal } from '../../access/index.ts';
import { SESSION_COOKIE, cookieOf, presentedKey } from './credentials.ts';
import type { SameSite } from './same-site.ts';
import type { CallRequest } from '../exchange.ts';

/** Who calls. Keys answer at once, from memory; a session may have to be looked up. `changes`: the call is not a mere read. */
export type Authenticate = (request: CallRequest, changes: boolean) => Principal | Promise<Principal>;

export interface Credentials {
  /** @throws TandemError invalid_api_key, database_stale */
  verifyKey(presented: HashedKey): Principal;
  /** @throws TandemError session_required */
  verifySession(token: string): Principal | Promise<Principal>;
}

/**
 * A key wins over a cookie. A call that only the cookie vouches for must come from our own page when it
 * changes something. A caller with neither takes the same way as one with a wrong key.
 */
export function createAuthenticate(credentials: Credentials, sameSite: SameSite): Authenticate {
  // A client sends the same key with each call of a connection: it is hashed once. Kept with the connection and not in a table of
  // keys, so that no caller's look-up can tell anything of another's.
  const sent = new WeakMap<object, { readonly text: string; readonly key: HashedKey }>();
  const hashed = ({ socket }: CallRequest, text: string): HashedKey => {
    const before = sent.get(socket);
    if (before?.text === text) return before.key;
    const key = hashedKey(text);
    sent.set(socket, { text, key });
    return key;
  };
  return (request, changes) => {
    const key = presentedKey(request.headers);
    const token = key === null ? cookieOf(request.headers, SESSION_COOKIE) : null;
    if (token === null) return credentials.verifyKey(hashed(request, key ?? ''));
    if (changes) sameSite.demandFromScript(request);
    return credentials.verifySession(token);
  };
}
