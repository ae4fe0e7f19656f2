import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isTandemError } from '../../../base/index.ts';
import type { Access } from '../../../access/index.ts';
import { SESSION_COOKIE, cookieOf } from '../../caller/credentials.ts';
import type { Peers } from '../../caller/peers.ts';
import type { SameSite } from '../../caller/same-site.ts';
import { PAGE_HEADERS } from '../../pages/headers.ts';
import { OIDC_START } from './sign-in.ts';

const CALLBACK = `${OIDC_START}/callback`;
const BINDING_COOKIE = 'tandem_oidc';

export interface OidcOptions {
  readonly access: Pick<Access, 'oidc' | 'attempts'>;
  readonly peers: Peers;
  readonly sameSite: SameSite;
  readonly publicOrigin: string | null;
}

/**
 * The two pages of a sign-in by OIDC that a browser visits on its own: they redirect, so they are no part of
 * the API's contract. The provider's answer ends on a page that moves on by itself: a redirect would
 * still count as coming from the provider, and the browser would hold the SameSite=Strict cookie back.
 */
export function registerOidc(app: FastifyInstance, options: OidcOptions): void {
  const { access, peers, sameSite } = options;
  const redirectUri = (request: FastifyRequest) => `${options.publicOrigin ?? sameSite.originOf(request.raw)}${CALLBACK}`;
  const secure = (request: FastifyRequest) => (peers.isSecure(request.raw) ? '; Secure' : '');

  app.get(OIDC_START, async (request, reply) => {
    const begun = await access.oidc.begin(redirectUri(request));
    reply.header('set-cookie', `${BINDING_COOKIE}=${begun.binding}; Path=${CALLBACK}; HttpOnly; SameSite=Lax; Max-Age=${begun.maxAgeSeconds}${secure(request)}`);
    return reply.redirect(begun.url, 302);
  });

  app.get(CALLBACK, async (request, reply) => {
    const peer = peers.addressOf(request.raw);
    access.attempts.check(peer);
    const at = request.url.indexOf('?');
    try {
      const session = await access.oidc.finish({
        redirectUri: redirectUri(request), query: at === -1 ? '' : request.url.slice(at + 1), binding: cookieOf(request.raw.headers, BINDING_COOKIE),
      });
      reply.header('set-cookie', [
        `${SESSION_COOKIE}=${session.token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${session.maxAgeSeconds}${secure(request)}`,
        `${BINDING_COOKIE}=; Path=${CALLBACK}; HttpOnly; SameSite=Lax; Max-Age=0`,
      ]);
      return page(reply, '/');
    } catch (error) {
      if (!isTandemError(error)) throw error;
      if (error.status < 500) access.attempts.failed(peer);
      return page(reply, `/login?error=${error.code}`);
    }
  });
}

function page(reply: FastifyReply, next: string): FastifyReply {
  return reply.headers(PAGE_HEADERS).type('text/html; charset=utf-8')
    .send(`<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=${next}"><title>Tandem</title><p><a href="${next}">Continue</a></p>`);
}
