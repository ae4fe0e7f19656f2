import type { Clock } from '../../../base/index.ts';
import { plainId, readJson, safe, timeMs } from '../answer.ts';
import { ProviderFault } from '../fault.ts';
import type { MachineAccess, MachineProvider, MachineState, Offer, OfferPrice, OrderWish, ProviderMachine } from '../provider.ts';
import type { ProviderAnswer, ProviderClient } from '../provider-client.ts';
import { readTag } from '../tag.ts';
import { scalewayFault } from './faults.ts';
import { server, serverList, serverTypes, type ScalewayServer, type ScalewayServerType } from './forms.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Deliveries take minutes from stock; another system than the stock has takes up to an hour, by Scaleway's pages. */
const DELIVERY_MS = 60 * 60_000;
const REINSTALL_MS = 60 * 60_000;
const PAGE = 100;
const MOST_PAGES = 50;

export interface ScalewayAccount {
  readonly name: string;
  /** Such as https://api.scaleway.com. */
  readonly url: string;
  /** Such as fr-par-1. */
  readonly zone: string;
  readonly projectId: string;
  readonly secretKey: string;
  /** By type of server: Scaleway's API names no prices, so the operator enters them. */
  readonly prices: ReadonlyMap<string, OfferPrice>;
}

/**
 * Macs of Scaleway: Apple silicon, v1alpha1, by the published SDK. Its orders carry no idempotency key and no tags, so the tag is the
 * server's name, and a server of that name is looked for before one is ordered.
 */
export class Scaleway implements MachineProvider {
  readonly kind = 'scaleway';
  readonly name: string;
  readonly traits = { ordersOnce: false, reinstalls: true };
  readonly #account: ScalewayAccount;
  readonly #client: ProviderClient;
  readonly #clock: Clock;

  constructor(account: ScalewayAccount, client: ProviderClient, clock: Clock) {
    this.name = account.name;
    this.#account = account;
    this.#client = client;
    this.#clock = clock;
  }

  async offers(): Promise<readonly Offer[]> {
    const { server_types } = readJson(serverTypes, await this.#call('GET', 'server-types'));
    return server_types.map((one) => offerOf(one, this.#account.prices.get(one.name) ?? null));
  }

  async order({ offer, tag }: OrderWish): Promise<ProviderMachine> {
    const known = (await this.list()).find((one) => one.tag === tag);
    if (known) return known;
    // 24 h is the shortest commitment that Apple's licence leaves; bandwidth 0 is what the type has without a surcharge.
    const answer = await this.#call('POST', 'servers', {
      name: tag, project_id: this.#account.projectId, type: offer, enable_vpc: false, commitment_type: 'duration_24h', public_bandwidth_bps: 0,
    });
    return this.#machine(readJson(server, answer));
  }

  async show(id: string): Promise<ProviderMachine> {
    return this.#machine(await this.#get(id));
  }

  advance(machine: ProviderMachine): Promise<ProviderMachine> {
    return this.show(machine.id);
  }

  async access(id: string): Promise<MachineAccess> {
    const found = await this.#get(id);
    if (this.#machine(found).state !== 'ready' || !found.ip || !found.ssh_username) throw new ProviderFault('busy', 'the machine is not ready to be entered');
    return { host: found.ip, port: 22, user: found.ssh_username, password: found.sudo_password ?? null, hostKey: null };
  }

  async reinstall(id: string): Promise<ProviderMachine> {
    const before = await this.show(id);
    if (before.state === 'reinstalling') return before;
    return this.#machine(readJson(server, await this.#call('POST', `servers/${plainId(id)}/reinstall`, {})));
  }

  async release(id: string): Promise<ProviderMachine> {
    const machine = await this.show(id);
    const { deletableAtMs } = machine;
    if (deletableAtMs !== null && deletableAtMs > this.#clock.nowMs()) throw new ProviderFault('not_before', 'the time that Scaleway charges at least is not over', { notBeforeMs: deletableAtMs });
    await this.#call('DELETE', `servers/${plainId(id)}`);
    return { ...machine, state: 'leaving', reason: 'deleted' };
  }

  async list(): Promise<readonly ProviderMachine[]> {
    const found: ScalewayServer[] = [];
    for (let page = 1; page <= MOST_PAGES; page += 1) {
      const { servers, total_count } = readJson(serverList, await this.#call('GET', `servers?page=${page}&page_size=${PAGE}&order_by=created_at_asc`));
      found.push(...servers);
      if (servers.length === 0 || found.length >= total_count) return found.map((one) => this.#machine(one));
    }
    throw new ProviderFault('provider_down', `it lists more than ${PAGE * MOST_PAGES} servers`);
  }

  async #get(id: string): Promise<ScalewayServer> {
    return readJson(server, await this.#call('GET', `servers/${plainId(id)}`));
  }

  async #call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<ProviderAnswer> {
    const { url, zone, secretKey } = this.#account;
    const answer = await this.#client.send({
      method, url: `${url}/apple-silicon/v1alpha1/zones/${zone}/${path}`,
      headers: { 'x-auth-token': secretKey, accept: 'application/json', ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw scalewayFault(answer, method !== 'GET');
  }

  #machine(found: ScalewayServer): ProviderMachine {
    const state = stateOf(found);
    const nowMs = this.#clock.nowMs();
    const createdMs = timeMs(found.created_at);
    const estimate = state === 'delivering' ? Math.max(nowMs, (createdMs ?? nowMs) + DELIVERY_MS) : state === 'reinstalling' ? nowMs + REINSTALL_MS : null;
    return {
      id: safe(found.id, 128), tag: readTag(found.name), name: safe(found.name), offer: safe(found.type), state, reason: safe(found.status), estimateAtMs: estimate,
      billedSinceMs: createdMs, deletableAtMs: timeMs(found.deletable_at),
    };
  }
}

function stateOf({ status, delivered }: ScalewayServer): MachineState {
  if (status === 'error' || status === 'locked') return 'failed';
  if (status === 'reinstalling') return delivered === false ? 'delivering' : 'reinstalling';
  return status === 'ready' && delivered !== false ? 'ready' : 'delivering';
}

function offerOf(type: ScalewayServerType, perHour: OfferPrice | null): Offer {
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(type.minimum_lease_duration ?? '')?.[1];
  const parts = [type.cpu && `${type.cpu.name}, ${type.cpu.core_count} cores`, type.memory && `${Math.round(type.memory.capacity / 1e9)} GB`, type.disk && `${Math.round(type.disk.capacity / 1e9)} GB disk`];
  return {
    name: safe(type.name), machine: 'mac', about: safe(parts.filter(Boolean).join(', ')), gpus: null, perHour,
    minimumMs: seconds === undefined ? DAY_MS : Number(seconds) * 1_000, periodMs: HOUR_MS,
    available: type.stock === 'unknown_stock' ? null : type.stock !== 'no_stock',
  };
}
