import type { LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { refusedAddress, type EgressPolicy } from './address.ts';
import { bareHost, refused, systemResolve, type Resolve } from './check-url.ts';
import { parseAddress } from './address.ts';

export interface ConnectorOptions {
  readonly policy: EgressPolicy;
  readonly connectTimeoutMs: number;
  readonly resolve?: Resolve;
}

/**
 * How sockets to backends are opened: the name is resolved here, each address is checked, and the socket connects
 * to those very addresses, so a name that changes its answer between check and connect (rebinding) gains nothing.
 * The address that the connected socket reports is checked once more. Errors are TandemError url_not_allowed.
 */
export function createConnector({ policy, connectTimeoutMs, resolve = systemResolve }: ConnectorOptions): buildConnector.connector {
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
  const connect = buildConnector({ lookup, timeout: connectTimeoutMs, allowH2: false, keepAlive: true });

  return (options, callback) => {
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
      if (reason === undefined) return callback(null, socket);
      socket.destroy();
      callback(refused(reason), null);
    });
  };
}
