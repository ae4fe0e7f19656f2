import { TandemError } from '../../base/index.ts';
import type { Peers } from './peers.ts';
import type { CallRequest } from '../exchange.ts';

/**
 * Tells requests of our own console from those that another site makes a browser send: by Sec-Fetch-Site
 * and by Origin, where the browser sends them. `publicOrigin` is the origin people use when a proxy hides it.
 */
export class SameSite {
  readonly #peers: Peers;
  readonly #publicOrigin: string | null;

  constructor(peers: Peers, publicOrigin: string | null) {
    this.#peers = peers;
    this.#publicOrigin = publicOrigin;
  }

  /** @throws TandemError csrf_failed when headers say that another site is behind the request. */
  demand(request: CallRequest): void {
    const site = request.headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none') throw new TandemError('csrf_failed');
    const origin = request.headers.origin;
    if (origin === undefined) return;
    if (origin !== this.#publicOrigin && origin !== this.originOf(request)) throw new TandemError('csrf_failed');
  }

  /** For what a session cookie vouches for: also demands the header that only our own scripts can send. */
  demandFromScript(request: CallRequest): void {
    if (request.headers['x-tandem-csrf'] !== '1') throw new TandemError('csrf_failed');
    this.demand(request);
  }

  /** The origin by which the caller reached this server. */
  originOf(request: CallRequest): string {
    return `${this.#peers.isSecure(request) ? 'https' : 'http'}://${this.#peers.hostOf(request)}`;
  }
}
