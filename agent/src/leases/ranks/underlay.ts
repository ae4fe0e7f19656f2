import type { RunCommand } from '../../machine/command.ts';
import { liesIn, parseRange, type Range } from '../network/ranges.ts';
import { isMachine } from './direct-plan.ts';

/** What this machine is in a network that it shares with others. */
export interface Underlay {
  readonly address: string;
  readonly mtu: number;
}

/** An address that is announced by routing sits on the loopback interface, whose own MTU says nothing of what goes out. */
const PLAIN_MTU = 1_500;
const MOST_MTU = 65_535;

/**
 * The machine's own address in a range; of several the first, so that it is the same one each time. Those of leases' links are not looked at.
 * @throws Error saying that there is none.
 */
export async function underlayIn(run: RunCommand, network: string): Promise<Underlay> {
  const range = parseRange(network);
  if (range === undefined || range.family !== 4) throw new Error('the pool\'s network is no range of IPv4');
  const { code, out } = await run('ip', ['-4', '-o', 'addr', 'show']);
  if (code === null) throw new Error('ip (iproute2) is not there');
  const found = addressesIn(out, range);
  if (found.length === 0) throw new Error('it has no address in its pool\'s network');
  const { address, name } = found[0]!;
  const { out: link } = await run('ip', ['-o', 'link', 'show', 'dev', name]);
  const mtu = Number(/ mtu (\d+) /.exec(link)?.[1] ?? PLAIN_MTU);
  return { address, mtu: name === 'lo' ? PLAIN_MTU : Math.min(mtu, MOST_MTU) };
}

function addressesIn(listed: string, range: Range): { readonly address: string; readonly name: string }[] {
  return [...listed.matchAll(/^\d+: (\S+)\s+inet (\d+\.\d+\.\d+\.\d+)\/\d+ .*scope global/gm)].map(([, name, address]) => ({ name: name!, address: address! }))
    .filter(({ name, address }) => !name.startsWith('tnd') && isMachine(address) && liesIn(parseRange(address)!, [range])).toSorted((a, b) => numberOf(a.address) - numberOf(b.address));
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
