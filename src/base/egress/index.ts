/** Calls to addresses that someone else named: which may be made, and sockets that keep to it. A face of its own, so that commands that call nothing do not load undici. */
import { TandemError } from '../errors.ts';
import { parseCidr, type Cidr, type EgressPolicy } from './address.ts';

export type { EgressPolicy } from './address.ts';
export { bareHost, checkHost, checkUrl, systemResolve, type Resolve } from './check-url.ts';
export { createConnector } from './connector.ts';

/**
 * The operator's `egress` part of the file TANDEM_CONFIG: `{ "allow": ["10.0.0.0/8", "127.0.0.1"] }`.
 * Without it only public addresses are called.
 * @throws TandemError setting_invalid naming the place in the file.
 */
export function readEgressPolicy(egress: unknown): EgressPolicy {
  if (egress === undefined) return { open: [] };
  const given: Record<string, unknown> | undefined = typeof egress === 'object' && egress !== null && !Array.isArray(egress) ? { ...egress } : undefined;
  if (!given) throw invalid('egress', 'it is an object');
  const strange = Object.keys(given).find((name) => name !== 'allow');
  if (strange !== undefined) throw invalid(`egress.${strange}`, 'there is no such setting');
  const allow = given['allow'] ?? [];
  if (!Array.isArray(allow)) throw invalid('egress.allow', 'it is a list of address ranges');
  return {
    open: allow.map((text: unknown, index): Cidr => {
      const cidr = typeof text === 'string' ? parseCidr(text) : undefined;
      if (!cidr) throw invalid(`egress.allow[${index}]`, 'it is an address range such as 10.0.0.0/8');
      return cidr;
    }),
  };
}

function invalid(place: string, reason: string): TandemError {
  return new TandemError('setting_invalid', { params: { name: `TANDEM_CONFIG: ${place}`, reason } });
}
