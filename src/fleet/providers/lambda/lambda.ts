import { z } from 'zod';
import type { Currency } from '../../../base/index.ts';
import { plainId, readJson, safe } from '../answer.ts';
import { ProviderFault, type FaultKind } from '../fault.ts';
import type { MachineAccess, MachineProvider, MachineState, Offer, OrderWish, ProviderMachine } from '../provider.ts';
import type { ProviderAnswer, ProviderClient } from '../provider-client.ts';
import { readTag } from '../tag.ts';

const PICO_PER_CENT = 10_000_000_000n;
/** A boot takes 3 to 15 minutes, by Lambda's pages; eight GPUs the longest. */
const BOOT_MS = 15 * 60_000;
const MINUTE_MS = 60_000;
const TAG_KEY = 'tandem';

export interface LambdaAccount {
  readonly name: string;
  /** Such as https://cloud.lambda.ai. */
  readonly url: string;
  /** Such as us-west-1. */
  readonly region: string;
  readonly apiKey: string;
  /** The one key, known there by this name, that may enter. */
  readonly sshKeyName: string;
}

/* By the published API (OpenAPI, as in the client lambda-ai-cloud-api-client 2.4.1). */
const instance = z.object({
  id: z.string(), name: z.string().nullish(), ip: z.string().nullish(), status: z.string(), region: z.object({ name: z.string() }),
  instance_type: z.object({ name: z.string() }), tags: z.array(z.object({ key: z.string(), value: z.string() })).nullish(),
});
const oneInstance = z.object({ data: instance });
const instances = z.object({ data: z.array(instance) });
const launched = z.object({ data: z.object({ instance_ids: z.array(z.string()).min(1) }) });
const types = z.object({ data: z.record(z.string(), z.object({
  instance_type: z.object({ name: z.string(), description: z.string(), price_cents_per_hour: z.int().min(0), specs: z.object({ gpus: z.int().min(0) }).nullish() }), regions_with_capacity_available: z.array(z.object({ name: z.string() })),
})) });
const failure = z.object({ error: z.object({ code: z.string(), message: z.string().optional() }) });

const BY_CODE: Readonly<Record<string, FaultKind>> = {
  'instance-operations/launch/insufficient-capacity': 'no_capacity', 'global/quota-exceeded': 'quota', 'global/invalid-api-key': 'bad_credentials', 'global/account-inactive': 'bad_credentials',
  'global/object-does-not-exist': 'not_found', 'global/internal-error': 'provider_down',
};
const BY_STATUS: Readonly<Record<number, FaultKind>> = { 401: 'bad_credentials', 403: 'bad_credentials', 404: 'not_found', 429: 'busy' };
const STATES: Readonly<Record<string, MachineState>> = { active: 'ready', booting: 'delivering', unhealthy: 'failed', preempted: 'failed', terminating: 'leaving', terminated: 'gone' };

/** Virtual machines with GPUs of Lambda. Its launches carry no idempotency key, so a machine with the tag is looked for before one is launched. */
export class Lambda implements MachineProvider {
  readonly kind = 'lambda';
  readonly name: string;
  readonly traits = { ordersOnce: false, reinstalls: false };
  readonly #account: LambdaAccount;
  readonly #client: ProviderClient;
  readonly #nowMs: () => number;

  constructor(account: LambdaAccount, client: ProviderClient, clock: { nowMs(): number }) {
    this.name = account.name;
    this.#account = account;
    this.#client = client;
    this.#nowMs = () => clock.nowMs();
  }

  async offers(): Promise<readonly Offer[]> {
    const { data } = readJson(types, await this.#call('GET', 'instance-types'));
    return Object.values(data).map(({ instance_type: type, regions_with_capacity_available }): Offer => ({
      name: safe(type.name), machine: 'gpu', about: safe(type.description), gpus: type.specs?.gpus ?? null, perHour: { amount: BigInt(type.price_cents_per_hour) * PICO_PER_CENT, currency: 'USD' as Currency },
      minimumMs: 0, periodMs: MINUTE_MS, available: regions_with_capacity_available.some(({ name }) => name === this.#account.region),
    }));
  }

  async order({ offer, tag }: OrderWish): Promise<ProviderMachine> {
    const known = (await this.list()).find((one) => one.tag === tag);
    if (known) return known;
    const { data } = readJson(launched, await this.#call('POST', 'instance-operations/launch', {
      region_name: this.#account.region, instance_type_name: offer, ssh_key_names: [this.#account.sshKeyName], name: tag, tags: [{ key: TAG_KEY, value: tag }],
    }));
    return {
      id: safe(data.instance_ids[0], 128), tag, name: tag, offer, state: 'delivering', reason: 'launched', estimateAtMs: this.#nowMs() + BOOT_MS, billedSinceMs: null, deletableAtMs: null,
    };
  }

  async show(id: string): Promise<ProviderMachine> {
    return this.#machine(await this.#get(id));
  }

  advance(machine: ProviderMachine): Promise<ProviderMachine> {
    return this.show(machine.id);
  }

  async access(id: string): Promise<MachineAccess> {
    const found = await this.#get(id);
    if (STATES[found.status] !== 'ready' || !found.ip) throw new ProviderFault('busy', 'the machine is not ready to be entered');
    return { host: found.ip, port: 22, user: 'ubuntu', password: null, hostKey: null };
  }

  reinstall(): Promise<ProviderMachine> {
    return Promise.reject(new ProviderFault('refused', 'Lambda cannot reinstall a machine: give it back and order another'));
  }

  async release(id: string): Promise<ProviderMachine> {
    const machine = await this.show(id);
    if (machine.state === 'gone') return machine;
    if (machine.state !== 'leaving') await this.#call('POST', 'instance-operations/terminate', { instance_ids: [plainId(id)] });
    return { ...machine, state: 'leaving', reason: 'terminated' };
  }

  async list(): Promise<readonly ProviderMachine[]> {
    const { data } = readJson(instances, await this.#call('GET', 'instances'));
    return data.filter(({ region }) => region.name === this.#account.region).map((one) => this.#machine(one)).filter(({ state }) => state !== 'gone');
  }

  async #get(id: string): Promise<z.infer<typeof instance>> {
    return readJson(oneInstance, await this.#call('GET', `instances/${plainId(id)}`)).data;
  }

  async #call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<ProviderAnswer> {
    const answer = await this.#client.send({
      method, url: `${this.#account.url}/api/v1/${path}`,
      headers: { authorization: `Bearer ${this.#account.apiKey}`, accept: 'application/json', ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw faultOf(answer, method === 'POST');
  }

  #machine(found: z.infer<typeof instance>): ProviderMachine {
    const state = STATES[found.status] ?? 'delivering';
    const tag = found.tags?.find(({ key }) => key === TAG_KEY)?.value;
    return {
      id: safe(found.id, 128), tag: readTag(tag), name: safe(found.name), offer: safe(found.instance_type.name), state, reason: safe(found.status),
      estimateAtMs: state === 'delivering' ? this.#nowMs() + BOOT_MS : null, billedSinceMs: null, deletableAtMs: null,
    };
  }
}

function faultOf({ status, text, retryAfterMs }: ProviderAnswer, changes: boolean): ProviderFault {
  let told: z.infer<typeof failure>['error'] | undefined;
  try {
    told = failure.safeParse(JSON.parse(text)).data?.error;
  } catch {
    // Then the status must do.
  }
  const kind = status >= 500 ? 'provider_down' : BY_CODE[told?.code ?? ''] ?? BY_STATUS[status] ?? 'refused';
  return new ProviderFault(kind, `Lambda answered ${status}${told === undefined ? '' : `: ${safe(told.message ?? told.code)}`}`, { retryAfterMs, unclear: status >= 500 && changes });
}
