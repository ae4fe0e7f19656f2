import { SignatureV4 } from '@smithy/signature-v4';
import { Sha256, type Clock } from '../../../base/index.ts';
import { safe } from '../answer.ts';
import { ProviderFault, type FaultKind } from '../fault.ts';
import type { ProviderAnswer, ProviderClient } from '../provider-client.ts';
import { readXml, textAt, type Element } from './xml.ts';

/** Of the query protocol, as @aws-sdk/client-ec2 3.1169.0 sends it. */
const VERSION = '2016-11-15';

export interface Ec2Endpoint {
  /** Such as https://ec2.eu-west-1.amazonaws.com. */
  readonly url: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** By the codes on Amazon's page "Error codes for the Amazon EC2 API". */
const BY_CODE: readonly (readonly [RegExp, FaultKind])[] = [
  [/^Insufficient\w*Capacity$/, 'no_capacity'], [/^(?:Host|VcpuLimit|InstanceLimit|Max\w*)?LimitExceeded$|^VcpuLimitExceeded$/, 'quota'],
  [/^(?:AuthFailure|UnauthorizedOperation|InvalidClientTokenId|SignatureDoesNotMatch|OptInRequired|PendingVerification|Blocked)$/, 'bad_credentials'],
  [/^Invalid(?:HostID|InstanceID)\.(?:NotFound|Malformed)$/, 'not_found'], [/^(?:RequestLimitExceeded|Throttling|RequestThrottled)$/, 'busy'],
  [/^(?:IncorrectInstanceState|IncorrectState|InvalidHostState|IdempotentParameterMismatch\.Pending)$/, 'busy'],
  [/^(?:InternalError|InternalFailure|Unavailable|ServiceUnavailable)$/, 'provider_down'],
];

/** One action of the query protocol, signed. @throws ProviderFault. */
export class Ec2Query {
  readonly #endpoint: Ec2Endpoint;
  readonly #client: ProviderClient;
  readonly #clock: Clock;
  readonly #signer: SignatureV4;

  constructor(endpoint: Ec2Endpoint, client: ProviderClient, clock: Clock) {
    this.#endpoint = endpoint;
    this.#client = client;
    this.#clock = clock;
    this.#signer = new SignatureV4({ credentials: endpoint, region: endpoint.region, service: 'ec2', sha256: Sha256 });
  }

  async call(action: string, params: Readonly<Record<string, string>>): Promise<Element> {
    const url = new URL(this.#endpoint.url);
    const body = new URLSearchParams({ Action: action, Version: VERSION, ...params }).toString();
    const type = 'application/x-www-form-urlencoded; charset=utf-8';
    const signed = await this.#signer.sign({ method: 'POST', protocol: url.protocol, hostname: url.hostname, path: '/', headers: { host: url.host, 'content-type': type }, body }, { signingDate: new Date(this.#clock.nowMs()) });
    // The connection adds its own host.
    const headers = Object.fromEntries(Object.entries(signed.headers).filter(([name]) => name !== 'host'));
    const answer = await this.#client.send({ method: 'POST', url: `${url.origin}/`, headers, body });
    const changes = !action.startsWith('Describe');
    if (answer.status < 200 || answer.status >= 300) throw faultOf(answer, changes);
    try {
      return readXml(answer.text);
    } catch (error) {
      throw new ProviderFault('provider_down', `EC2's answer cannot be read: ${(error as Error).message}`, { unclear: changes });
    }
  }
}

function faultOf({ status, text, retryAfterMs }: ProviderAnswer, changes: boolean): ProviderFault {
  let code = '';
  let message = '';
  try {
    const root = readXml(text);
    code = textAt(root, 'Errors', 'Error', 'Code') ?? '';
    message = textAt(root, 'Errors', 'Error', 'Message') ?? '';
  } catch {
    // Then the status must do.
  }
  const kind = kindOf(code) ?? (status >= 500 ? 'provider_down' : status === 401 || status === 403 ? 'bad_credentials' : status === 429 ? 'busy' : 'refused');
  return new ProviderFault(kind, `EC2 answered ${status}${code === '' ? '' : ` ${safe(code, 60)}: ${safe(message)}`}`, { retryAfterMs, unclear: kind === 'provider_down' && changes });
}

/** What one of EC2's codes means, with or without the prefix that says whose fault it is; undefined: nothing that is told apart here. */
export function kindOf(code: string): FaultKind | undefined {
  const bare = code.replace(/^(?:Client|Server)\./, '');
  return BY_CODE.find(([pattern]) => pattern.test(bare))?.[1];
}
