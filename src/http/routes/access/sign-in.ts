import type { Access } from '../../../access/index.ts';
import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';
import { guarded } from './guarded.ts';

/** Where the browser starts a sign-in with the configured OIDC provider. */
export const OIDC_START = '/api/login/oidc';

/** Ways in and out of the console. */
export function signInRoutes(access: Pick<Access, 'sessions' | 'attempts' | 'oidc'>): Binding[] {
  const { sessions, attempts, oidc } = access;
  return [
    handle(routes.loginMethods, async () => ({ link: true, key: true, oidc: oidc.name === null ? null : { name: oidc.name, url: OIDC_START } })),
    handle(routes.loginLink, async ({ principal, origin }) => {
      const { token, expiresAt } = await sessions.linkFor(principal);
      return { url: `${origin}/login#token=${token}`, expiresAt };
    }),
    handle(routes.loginExchange, (call) => guarded(attempts, call, call.body.token, () => sessions.exchange(call.body.token))),
    handle(routes.loginKey, (call) => guarded(attempts, call, call.body.key, () => sessions.byKey(call.body.key))),
    handle(routes.logout, async ({ principal, cookie }) => {
      await sessions.end(principal);
      cookie.clear();
    }),
  ];
}
