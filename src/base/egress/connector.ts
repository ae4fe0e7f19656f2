import type { LookupFunction, OnReadOpts } from 'node:net';
import { TLSSocket } from 'node:tls';
import { buildConnector } from 'undici';
import { refusedAddress, type EgressPolicy } from './address.ts';
import { bareHost, refused, systemResolve, type Resolve } from './check-url.ts';
import { parseAddress } from './address.ts';

export interface ConnectorOptions {
  readonly policy: EgressPolicy;
  readonly connectTimeoutMs: number;
  readonly resolve?: Resolve;
}

/** Opens a socket. `onread`: where its bytes are put, each time in the same place, instead of becoming `data` events. */
export type Connector = (to: buildConnector.Options, done: buildConnector.Callback, onread?: OnReadOpts) => void;

/**
 * How sockets to backends are opened: the name is resolved here, each address is checked, and the socket connects
 * to those very addresses, so a name that changes its answer between check and connect (rebinding) gains nothing.
 * The address that the connected socket reports is checked once more. Errors are TandemError url_not_allowed.
 */
export function createConnector({ policy, connectTimeoutMs, resolve = systemResolve }: ConnectorOptions): Connector {
  const lookup: LookupFunction = (host, options, callback) => {
    resolve(host).then((found) => {
      for (const { address } of found) {
        const reason = refusedAddress(address, policy);
        if (reason !== undefined) throw refused(`${host} leads to an address that is not open: ${reason}`);
      }
      const [first] = found;
      if (!first) throw refused(`the name ${host} has no address`);
      if (options.all) callback(null, found.map(({ address, family }) => ({ address, family })));
      else callback(null, first.address, first.family);
    }).catch((error: unknown) => {
      const failure = error instanceof Error ? error : new Error('the name could not be resolved');
      if (options.all) callback(failure, []);
      else callback(failure, '', 0);
    });
  };
  const settings = { lookup, timeout: connectTimeoutMs, allowH2: false, keepAlive: true };
  const shared = buildConnector(settings);
  // A connector of undici's reads all its sockets into one place, and keeps TLS sessions for the next ones: each place has its own, so that is done here.
  let kept: { readonly host: string; readonly session: Buffer } | undefined;
  const reading = (onread: OnReadOpts, { hostname }: buildConnector.Options) => buildConnector({ ...settings, onread, ...(kept?.host === hostname && { session: kept.session }) });

  return (options, callback, onread) => {
    const connect = onread ? reading(onread, options) : shared;
    const host = bareHost(options.hostname);
    if (parseAddress(host)) {
      // A literal address is never looked up, so it is checked here.
      const reason = refusedAddress(host, policy);
      if (reason !== undefined) return callback(refused(reason), null);
    }
    connect(options, (...args) => {
      const [error, socket] = args;
      if (error !== null) return callback(error, null);
      const reason = refusedAddress(socket.remoteAddress ?? 'no address', policy);
      if (reason === undefined) {
        if (onread && socket instanceof TLSSocket) socket.on('session', (session) => { kept = { host: options.hostname, session }; });
        return callback(null, socket);
      }
      socket.destroy();
      callback(refused(reason), null);
    });
  };
}
