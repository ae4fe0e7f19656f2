import { rangeText, type Range } from '../leases/network/ranges.ts';

/** Below Apple's own anchor, which the system's rules call (pf.conf(5) and /etc/pf.conf): those need no change. */
export const LEASE_ANCHOR = 'com.apple/tandem-lease';
const CLOSED_PORTS = [22, 5900];

/**
 * Rules of pf for one lease: Remote Login and Screen Sharing listen on all interfaces and are closed to all but this machine, and what the
 * lease's user opens goes to the internet alone. pf knows the user of TCP and UDP (pf.conf(5), `user`); names are looked up by
 * mDNSResponder, which is another user. The machine itself is reached by loopback: a Mac has one lease, and the agent listens at no port.
 * @param denied ranges the user may not reach, unless one of `allowed` has them. @param uid null: raw root, whom rules on the machine do not bind.
 */
export function leaseRules(uid: number | null, denied: readonly Range[], allowed: readonly Range[]): string {
  const closed = `block drop in quick on ! lo0 proto tcp from any to any port { ${CLOSED_PORTS.join(', ')} }`;
  if (uid === null) return `${closed}\n`;
  const rule = (action: string, family: 4 | 6, ranges: readonly Range[]): string[] => {
    const texts = ranges.filter((range) => range.family === family).map(rangeText);
    return texts.length === 0 ? [] : [`${action} out quick ${family === 4 ? 'inet' : 'inet6'} proto { tcp, udp } from any to { ${texts.join(', ')} } user ${uid}`];
  };
  return [closed, `pass out quick on lo0 proto { tcp, udp } from any to any user ${uid}`, ...rule('pass', 4, allowed), ...rule('pass', 6, allowed), ...rule('block return', 4, denied), ...rule('block return', 6, denied), ''].join('\n');
}
