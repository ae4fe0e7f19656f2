import type { Clock } from '../../../base/index.ts';
import { Ec2Mac } from '../ec2/ec2-mac.ts';
import type { ProviderClient } from '../provider-client.ts';
import type { ProviderBench } from './bench.ts';
import { StandIn, type StandInReply, type StandInRequest } from './stand-in.ts';

const DAY_MS = 86_400_000;
const SECRET = 'stand-in-secret-key-of-ec2';
const SCRUB_MS = 50 * 60_000;

interface Host {
  readonly id: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly sinceMs: number;
  instance: { readonly id: string; readonly readyAtMs: number; endsAtMs: number | null } | null;
  scrubbedAtMs: number;
}

/**
 * From docs: names of elements and parameters are those of the query protocol (2016-11-15) in the schemas of @aws-sdk/client-ec2 3.1169.0,
 * error codes those of Amazon's page of EC2's error codes. Whether a host that is being wiped can be released is not published; here it
 * cannot. Not recorded at Amazon.
 */
export async function ec2Bench(clock: Clock, client: ProviderClient): Promise<ProviderBench> {
  const hosts = new Map<string, Host>();
  const byToken = new Map<string, string>();
  const instanceTokens = new Set<string>();
  let stock = 100;
  let slowMs = 0;
  let made = 0;

  const make = (tags: ReadonlyMap<string, string>): Host => {
    made += 1;
    const host: Host = { id: `h-${String(made).padStart(17, '0')}`, tags, sinceMs: clock.nowMs(), instance: null, scrubbedAtMs: 0 };
    hosts.set(host.id, host);
    return host;
  };
  const settle = (host: Host): void => {
    const ends = host.instance?.endsAtMs ?? null;
    if (ends !== null && ends <= clock.nowMs()) {
      host.instance = null;
      host.scrubbedAtMs = ends + SCRUB_MS;
    }
  };
  const hostXml = (host: Host): string => `<item><hostId>${host.id}</hostId><state>${host.scrubbedAtMs > clock.nowMs() ? 'pending' : 'available'}</state><availabilityZone>eu-west-1b</availabilityZone><autoPlacement>off</autoPlacement>`
    + `<hostProperties><instanceType>mac2.metal</instanceType></hostProperties><allocationTime>${new Date(host.sinceMs).toISOString()}</allocationTime>`
    + `<instances>${host.instance === null ? '' : `<item><instanceId>${host.instance.id}</instanceId><instanceType>mac2.metal</instanceType></item>`}</instances>`
    + `<tagSet>${[...host.tags].map(([key, value]) => `<item><key>${key}</key><value>${escaped(value)}</value></item>`).join('')}</tagSet></item>`;
  const instanceXml = ({ id, instance }: Host): string => (instance === null ? '' : `<item><instancesSet><item><instanceId>${instance.id}</instanceId>`
    + `<instanceState><code>16</code><name>${instance.endsAtMs !== null ? 'shutting-down' : instance.readyAtMs <= clock.nowMs() ? 'running' : 'pending'}</name></instanceState>`
    + `<ipAddress>198.51.100.9</ipAddress><privateIpAddress>10.0.0.9</privateIpAddress><placement><hostId>${id}</hostId><tenancy>host</tenancy></placement></item></instancesSet></item>`);

  const handle = ({ headers, body }: StandInRequest): StandInReply => {
    const params = new URLSearchParams(body);
    const action = params.get('Action') ?? '';
    if (!/^AWS4-HMAC-SHA256 Credential=AKIDSTANDIN\/\d{8}\/eu-west-1\/ec2\/aws4_request, SignedHeaders=[a-z0-9;-]+, Signature=[0-9a-f]{64}$/.test(headers.authorization ?? '')) return failed(401, 'AuthFailure', 'AWS was not able to validate the provided access credentials');
    for (const host of hosts.values()) settle(host);
    const named = params.get('HostId.1') ?? params.get('Filter.1.Value.1') ?? params.get('Placement.HostId') ?? '';
    switch (action) {
      case 'DescribeHosts': {
        if (params.has('HostId.1') && !hosts.has(named)) return failed(400, 'InvalidHostID.NotFound', `The specified host does not exist: ${named}`);
        const wanted = params.get('Filter.1.Name')?.replace('tag:', '');
        const shown = [...hosts.values()].filter((host) => (params.has('HostId.1') ? host.id === named : wanted === undefined || host.tags.get(wanted) === named));
        return xml(action, `<hostSet>${shown.map(hostXml).join('')}</hostSet>`);
      }
      case 'DescribeInstances': return xml(action, `<reservationSet>${hosts.has(named) ? instanceXml(hosts.get(named)!) : ''}</reservationSet>`);
      case 'AllocateHosts': {
        const token = params.get('ClientToken')!;
        const before = byToken.get(token);
        if (before === undefined && stock <= 0) return failed(500, 'InsufficientHostCapacity', 'There is not enough capacity to fulfill your request for a Dedicated Host.');
        if (before === undefined) stock -= 1;
        const id = before ?? make(new Map([1, 2].map((at) => [params.get(`TagSpecification.1.Tag.${at}.Key`)!, params.get(`TagSpecification.1.Tag.${at}.Value`)!]))).id;
        byToken.set(token, id);
        return xml(action, `<hostIdSet><item>${id}</item></hostIdSet>`);
      }
      case 'RunInstances': {
        const host = hosts.get(named)!;
        if (host.instance !== null || host.scrubbedAtMs > clock.nowMs()) return failed(400, 'InvalidHostState', 'The host is not available.');
        const token = params.get('ClientToken')!;
        if (instanceTokens.has(token)) return failed(400, 'IdempotentInstanceTerminated', 'The instance of that token is terminated.');
        instanceTokens.add(token);
        host.instance = { id: `i-${token.length}${host.id.slice(3)}`, readyAtMs: clock.nowMs() + slowMs, endsAtMs: null };
        return xml(action, `<reservationId>r-1</reservationId><instancesSet><item><instanceId>${host.instance.id}</instanceId></item></instancesSet>`);
      }
      case 'TerminateInstances': {
        const host = [...hosts.values()].find(({ instance }) => instance?.id === params.get('InstanceId.1'))!;
        host.instance!.endsAtMs ??= clock.nowMs() + 60_000;
        return xml(action, `<instancesSet><item><instanceId>${host.instance!.id}</instanceId></item></instancesSet>`);
      }
      case 'ReleaseHosts': {
        const host = hosts.get(named)!;
        const refuse = (code: string, message: string) => xml(action, `<unsuccessful><item><resourceId>${named}</resourceId><error><code>${code}</code><message>${message}</message></error></item></unsuccessful>`);
        if (host.instance !== null) return refuse('Client.InvalidHost.Occupied', `Dedicated Host '${named}' cannot be released as it is occupied.`);
        if (host.scrubbedAtMs > clock.nowMs()) return refuse('Client.InvalidHostState', 'The host is pending.');
        hosts.delete(named);
        return xml(action, `<successful><item>${named}</item></successful>`);
      }
      default: return failed(400, 'InvalidAction', 'The action is not valid.');
    }
  };

  const standIn = await new StandIn(handle, ({ body }) => (body.includes('Action=AllocateHosts') ? 'order' : body.includes('Action=ReleaseHosts') ? 'release' : body.includes('Action=DescribeHosts') ? 'list' : 'any')).start();
  const account = (accessKeyId: string, secretAccessKey: string) => ({
    name: 'ireland', url: standIn.url, region: 'eu-west-1', zone: 'eu-west-1b', accessKeyId, secretAccessKey, keyName: 'tandem', subnetId: null, securityGroupId: null,
    types: new Map([['mac2.metal', { image: 'ami-00000000000000000', perHour: { amount: 650_000_000_000n, currency: 'USD' as const } }]]),
  });
  return {
    provider: new Ec2Mac(account('AKIDSTANDIN', SECRET), client, clock), offer: 'mac2.metal', secret: SECRET, minimumMs: DAY_MS, standIn,
    withBadKey: () => new Ec2Mac(account('AKIDWRONG', 'wrong-secret-of-somebody'), client, clock),
    deliverSlowly: (ms) => { slowMs = ms; },
    setStock: (count) => { stock = count; },
    billed: () => hosts.size,
    addForeign: (name) => make(new Map([['Name', name], ['tandem', name]])).id,
    throttled: failed(503, 'RequestLimitExceeded', 'Request limit exceeded.'),
    down: failed(500, 'InternalError', 'An internal error has occurred'),
    stop: () => standIn.stop(),
  };
}

function xml(action: string, inner: string): StandInReply {
  return { status: 200, body: `<?xml version="1.0" encoding="UTF-8"?>\n<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>stand-in</requestId>${inner}</${action}Response>`, headers: { 'content-type': 'text/xml' } };
}

function failed(status: number, code: string, message: string): StandInReply {
  return { status, body: `<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>stand-in</RequestID></Response>`, headers: { 'content-type': 'text/xml' } };
}

/** As XML 1.1 writes a control character, so that the reader is shown one. */
function escaped(text: string): string {
  return text.replace(/[<>&\p{Cc}]/gu, (char) => `&#${char.codePointAt(0)};`);
}
