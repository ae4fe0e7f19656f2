import type { Clock } from '../../../base/index.ts';
import { Lambda } from '../lambda/lambda.ts';
import type { ProviderClient } from '../provider-client.ts';
import type { ProviderBench } from './bench.ts';
import { StandIn, type StandInReply, type StandInRequest } from './stand-in.ts';

const KEY = 'stand-in-secret-key-of-lambda';
const TYPE = { name: 'gpu_1x_gh200', description: '1x GH200 (96 GB)', gpu_description: 'GH200 (96 GB)', price_cents_per_hour: 149, specs: { vcpus: 64, memory_gib: 432, storage_gib: 4096, gpus: 1 } };

interface Instance {
  readonly id: string;
  readonly name: string;
  readonly tags: readonly { key: string; value: string }[];
  readonly readyAtMs: number;
  endsAtMs: number | null;
}

/**
 * From docs: the answers have the fields, and the errors the codes, of Lambda's published API as the client lambda-ai-cloud-api-client 2.4.1
 * reads it. Not recorded at Lambda.
 */
export async function lambdaBench(clock: Clock, client: ProviderClient): Promise<ProviderBench> {
  const instances = new Map<string, Instance>();
  let stock = 100;
  let slowMs = 0;
  let made = 0;

  const make = (name: string, tags: Instance['tags']): Instance => {
    made += 1;
    const one: Instance = { id: `0920582c7ff041399e34823a${String(made).padStart(8, '0')}`, name, tags, readyAtMs: clock.nowMs() + slowMs, endsAtMs: null };
    instances.set(one.id, one);
    return one;
  };
  const tidy = (): void => {
    for (const one of instances.values()) if (one.endsAtMs !== null && one.endsAtMs <= clock.nowMs()) instances.delete(one.id);
  };
  const shown = (one: Instance): Record<string, unknown> => ({
    id: one.id, name: one.name, ip: '198.51.100.2', private_ip: '10.19.60.24', status: one.endsAtMs !== null ? 'terminating' : one.readyAtMs <= clock.nowMs() ? 'active' : 'booting', ssh_key_names: ['tandem'], file_system_names: [],
    region: { name: 'us-west-1', description: 'California, USA' }, instance_type: TYPE, hostname: 'h', tags: one.tags, actions: {},
  });
  const failed = (status: number, code: string, message: string): StandInReply => json(status, { error: { code, message, suggestion: '' } });

  const handle = ({ method, url, headers, body }: StandInRequest): StandInReply => {
    tidy();
    if (headers.authorization !== `Bearer ${KEY}`) return failed(401, 'global/invalid-api-key', 'API key was invalid, expired, or deleted.');
    const path = url.pathname.replace('/api/v1/', '');
    if (path === 'instance-types') return json(200, { data: { [TYPE.name]: { instance_type: TYPE, regions_with_capacity_available: stock > 0 ? [{ name: 'us-west-1', description: 'California, USA' }] : [] } } });
    if (path === 'instance-operations/launch') {
      const wish = JSON.parse(body) as { name: string; instance_type_name: string; tags: Instance['tags']; ssh_key_names: string[] };
      if (wish.instance_type_name !== TYPE.name || wish.ssh_key_names.length !== 1) return failed(400, 'global/invalid-parameters', 'Invalid request data.');
      if (stock <= 0) return failed(400, 'instance-operations/launch/insufficient-capacity', 'Not enough capacity to fulfill launch request.');
      stock -= 1;
      return json(200, { data: { instance_ids: [make(wish.name, wish.tags).id] } });
    }
    if (path === 'instance-operations/terminate') {
      const ids = (JSON.parse(body) as { instance_ids: string[] }).instance_ids;
      for (const id of ids) instances.get(id)!.endsAtMs = clock.nowMs() + 90_000;
      return json(200, { data: { terminated_instances: ids.map((id) => shown(instances.get(id)!)) } });
    }
    if (path === 'instances' && method === 'GET') return json(200, { data: [...instances.values()].map(shown) });
    const one = instances.get(path.replace('instances/', ''));
    return one === undefined ? failed(404, 'global/object-does-not-exist', 'Specified instance does not exist.') : json(200, { data: shown(one) });
  };

  const standIn = await new StandIn(handle, ({ url }) => (url.pathname.endsWith('/launch') ? 'order' : url.pathname.endsWith('/terminate') ? 'release' : url.pathname.endsWith('/instances') ? 'list' : 'any')).start();
  const account = (apiKey: string) => ({ name: 'california', url: standIn.url, region: 'us-west-1', apiKey, sshKeyName: 'tandem' });
  return {
    provider: new Lambda(account(KEY), client, clock), offer: TYPE.name, secret: KEY, minimumMs: 0, standIn,
    withBadKey: () => new Lambda(account('wrong-secret-of-somebody'), client, clock),
    deliverSlowly: (ms) => { slowMs = ms; },
    setStock: (count) => { stock = count; },
    billed: () => {
      tidy();
      return instances.size;
    },
    addForeign: (name) => make(name, []).id,
    throttled: json(429, { error: { code: 'global/too-many-requests', message: 'slow down' } }, { 'retry-after': '30' }),
    down: failed(500, 'global/internal-error', 'An internal error occurred.'),
    stop: () => standIn.stop(),
  };
}

function json(status: number, value: unknown, headers?: Readonly<Record<string, string>>): StandInReply {
  return { status, body: JSON.stringify(value), ...(headers && { headers }) };
}
