import type { Clock } from '../../../base/index.ts';
import { Scaleway } from '../scaleway/scaleway.ts';
import type { ProviderClient } from '../provider-client.ts';
import type { ProviderBench } from './bench.ts';
import { StandIn, type StandInReply, type StandInRequest } from './stand-in.ts';

const DAY_MS = 86_400_000;
const ROOT = '/apple-silicon/v1alpha1/zones/fr-par-1/';
export const SCALEWAY_KEY = 'stand-in-secret-key-of-scaleway';

interface Server {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly createdMs: number;
  status: string;
  readyAtMs: number;
}

/**
 * From docs: the answers have the fields that @scaleway/sdk-applesilicon 1.5.0 reads (`marshalling.gen`), the errors those that
 * @scaleway/sdk-client 2.3.1 reads (`scw/errors`). Not recorded at Scaleway.
 */
export async function scalewayBench(clock: Clock, client: ProviderClient): Promise<ProviderBench> {
  const servers = new Map<string, Server>();
  let stock = 100;
  let slowMs = 0;
  let made = 0;

  const shown = (one: Server): Record<string, unknown> => {
    if (one.status !== 'ready' && one.status !== 'error' && one.readyAtMs <= clock.nowMs()) one.status = 'ready';
    return {
      id: one.id, type: one.type, name: one.name, project_id: 'p', organization_id: 'o', ip: '198.51.100.7', vnc_url: 'vnc://m1:secret@198.51.100.7:5900', ssh_username: 'm1', sudo_password: 'first-password', vnc_port: 5900,
      os: null, status: one.status, created_at: new Date(one.createdMs).toISOString(), updated_at: new Date(clock.nowMs()).toISOString(), deletable_at: new Date(one.createdMs + DAY_MS).toISOString(), deletion_scheduled: false,
      zone: 'fr-par-1', delivered: one.status === 'ready' || one.status === 'reinstalling', vpc_status: 'vpc_disabled', commitment: { type: 'duration_24h', cancelled: false }, public_bandwidth_bps: 1_000_000_000, runner_configuration: null, tags: [],
    };
  };
  const missing = (id: string): StandInReply => json(404, { type: 'not_found', resource: 'apple_silicon_server', resource_id: id, message: 'resource is not found' });
  const make = (name: string, type: string): Server => {
    made += 1;
    const one = { id: `6170692e-7363-616c-6577-${String(made).padStart(12, '0')}`, name, type, createdMs: clock.nowMs(), status: slowMs === 0 ? 'ready' : 'starting', readyAtMs: clock.nowMs() + slowMs };
    servers.set(one.id, one);
    return one;
  };

  const handle = ({ method, url, headers, body }: StandInRequest): StandInReply => {
    if (headers['x-auth-token'] !== SCALEWAY_KEY) return json(401, { type: 'denied_authentication', method: 'api_key', reason: 'not_found', message: 'denied authentication' });
    const [what, id, deed] = url.pathname.slice(ROOT.length).split('/');
    if (what === 'server-types') return json(200, { server_types: [serverType('M4-M', stock), serverType('M1-M', 0)] });
    if (what !== 'servers') return json(404, { type: 'unknown_resource', message: 'no such path' });
    if (id === undefined && method === 'POST') {
      const wish = JSON.parse(body) as { name: string; type: string };
      if (wish.type !== 'M4-M') return json(400, { type: 'invalid_arguments', details: [{ argument_name: 'type', reason: 'constraint' }], message: 'invalid argument(s)' });
      if (stock <= 0) return json(400, { type: 'out_of_stock', resource: wish.type, message: 'resource is out of stock' });
      stock -= 1;
      return json(200, shown(make(wish.name, wish.type)));
    }
    if (id === undefined) {
      const page = Number(url.searchParams.get('page'));
      const all = [...servers.values()];
      return json(200, { total_count: all.length, servers: all.slice((page - 1) * 100, page * 100).map(shown) });
    }
    const one = servers.get(id);
    if (one === undefined) return missing(id);
    if (method === 'DELETE') {
      if (clock.nowMs() < one.createdMs + DAY_MS) return json(412, { type: 'precondition_failed', precondition: 'server_not_deletable', help_message: 'too early', message: 'precondition failed' });
      servers.delete(id);
      return { status: 204, body: '' };
    }
    if (deed === 'reinstall') {
      one.status = 'reinstalling';
      one.readyAtMs = clock.nowMs() + Math.max(slowMs, 60_000);
    }
    return json(200, shown(one));
  };

  const standIn = await new StandIn(handle, ({ method, url }) => (method === 'POST' && url.pathname.endsWith('/servers') ? 'order' : method === 'DELETE' ? 'release' : method === 'GET' && url.pathname.endsWith('/servers') ? 'list' : 'any')).start();
  const account = (secretKey: string) => ({ name: 'paris', url: standIn.url, zone: 'fr-par-1', projectId: 'p', secretKey, prices: new Map([['M4-M', { amount: 290_000_000_000n, currency: 'EUR' as const }]]) });
  return {
    provider: new Scaleway(account(SCALEWAY_KEY), client, clock), offer: 'M4-M', secret: SCALEWAY_KEY, minimumMs: DAY_MS, standIn,
    withBadKey: () => new Scaleway(account('wrong-secret-of-somebody'), client, clock),
    deliverSlowly: (ms) => { slowMs = ms; },
    setStock: (count) => { stock = count; },
    billed: () => servers.size,
    addForeign: (name) => make(name, 'M4-M').id,
    throttled: json(429, { type: 'too_many_requests', message: 'too many requests' }, { 'retry-after': '30' }),
    down: json(503, { message: 'unavailable' }),
    stop: () => standIn.stop(),
  };
}

function serverType(name: string, stock: number): Record<string, unknown> {
  return {
    name, stock: stock > 0 ? 'high_stock' : 'no_stock', minimum_lease_duration: '86400s', cpu: { name: 'Apple M4', core_count: 10, frequency: 0, sockets: 1, threads_per_core: 1 },
    disk: { capacity: 256_000_000_000, type: 'SSD' }, memory: { capacity: 16_000_000_000, type: 'LPDDR5X' }, gpu: { count: 10 }, npu: { count: 16 }, network: null, default_os: null,
  };
}

function json(status: number, value: unknown, headers?: Readonly<Record<string, string>>): StandInReply {
  return { status, body: JSON.stringify(value), ...(headers && { headers }) };
}
