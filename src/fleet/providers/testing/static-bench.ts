import type { Clock } from '../../../base/index.ts';
import type { ProviderClient } from '../provider-client.ts';
import { StaticMacs, type StaticClaims } from '../static/static-macs.ts';
import type { ProviderBench } from './bench.ts';
import { StandIn, type StandInReply } from './stand-in.ts';

const KEY = 'stand-in-secret-key-of-the-hook';

/** Macs of one's own: no provider's API, so only the address that reinstalls is a stand-in, of a form that is ours. Claims are kept in memory. */
export async function staticBench(clock: Clock, client: ProviderClient): Promise<ProviderBench> {
  const claims = new Map<string, string>();
  const busyUntilMs = new Map<string, number>();
  let stock = 2;
  const kept: StaticClaims = {
    claim: (id, tag) => {
      if (claims.size >= stock) return Promise.resolve(false);
      claims.set(id, tag);
      return Promise.resolve(true);
    },
    free: (id) => Promise.resolve(void claims.delete(id)),
    all: () => Promise.resolve(new Map(claims)),
  };
  const json = (status: number, value: unknown, headers?: Readonly<Record<string, string>>): StandInReply => ({ status, body: JSON.stringify(value), ...(headers && { headers }) });
  const standIn = await new StandIn(({ method, url, headers, body }) => {
    if (headers.authorization !== `Bearer ${KEY}`) return json(401, {});
    if (method === 'GET') return json(200, { state: (busyUntilMs.get(url.searchParams.get('machine') ?? '') ?? 0) > clock.nowMs() ? 'busy' : 'done' });
    busyUntilMs.set((JSON.parse(body) as { machine: string }).machine, clock.nowMs() + 30 * 60_000);
    return json(202, {});
  }, () => 'any').start();
  const machines = ['mini-1', 'mini-2', 'mini-3'].map((id, index) => ({ id, offer: 'm4', host: `192.0.2.${index + 1}`, port: 22, user: 'admin', hostKey: 'ssh-ed25519 AAAA' }));
  return {
    provider: new StaticMacs({ name: 'office', machines, reinstallUrl: `${standIn.url}/reinstall`, reinstallKey: KEY }, kept, client, clock), offer: 'm4', secret: KEY, minimumMs: 0, standIn,
    withBadKey: null, deliverSlowly: null, setStock: (count) => { stock = count; }, billed: () => claims.size, addForeign: null,
    throttled: null, down: null, stop: () => standIn.stop(),
  };
}
