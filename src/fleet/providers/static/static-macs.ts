import { z } from 'zod';
import type { Clock } from '../../../base/index.ts';
import { readJson, safe } from '../answer.ts';
import { ProviderFault } from '../fault.ts';
import type { MachineAccess, MachineProvider, Offer, OrderWish, ProviderMachine } from '../provider.ts';
import type { ProviderClient } from '../provider-client.ts';
import { readTag } from '../tag.ts';

const REINSTALL_MS = 60 * 60_000;

/** A machine that stands somewhere and is paid for anyway. */
export interface StaticMachine {
  readonly id: string;
  /** Its class, such as m4; machines of one class are one offer. */
  readonly offer: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** A line of known_hosts without the host. */
  readonly hostKey: string | null;
}

export interface StaticAccount {
  readonly name: string;
  readonly machines: readonly StaticMachine[];
  /** Where a reinstallation is asked for: POST begins it, GET with `?machine=` tells of it. Null: these machines cannot be reinstalled from here. */
  readonly reinstallUrl: string | null;
  readonly reinstallKey: string | null;
}

/** Who has which machine: written down by the caller, in the database. */
export interface StaticClaims {
  /** Gives a machine to a tag; false: another has it. The same tag again is true. */
  claim(machineId: string, tag: string): Promise<boolean>;
  free(machineId: string): Promise<void>;
  /** Tags by machine. */
  all(): Promise<ReadonlyMap<string, string>>;
}

const progress = z.object({ state: z.enum(['busy', 'done', 'failed']) });

/** Macs of one's own. To order is to claim one, to give back is to free it; they cost nothing by the hour here. */
export class StaticMacs implements MachineProvider {
  readonly kind = 'static';
  readonly name: string;
  readonly traits;
  readonly #account: StaticAccount;
  readonly #claims: StaticClaims;
  readonly #client: ProviderClient;
  readonly #clock: Clock;

  constructor(account: StaticAccount, claims: StaticClaims, client: ProviderClient, clock: Clock) {
    this.name = account.name;
    this.traits = { ordersOnce: true, reinstalls: account.reinstallUrl !== null };
    this.#account = account;
    this.#claims = claims;
    this.#client = client;
    this.#clock = clock;
  }

  async offers(): Promise<readonly Offer[]> {
    const taken = await this.#claims.all();
    const names = [...new Set(this.#account.machines.map(({ offer }) => offer))];
    return names.map((name): Offer => {
      const own = this.#account.machines.filter(({ offer }) => offer === name);
      const free = own.filter(({ id }) => !taken.has(id)).length;
      return { name, machine: 'mac', about: `${free} of ${own.length} free`, gpus: null, perHour: { amount: 0n, currency: 'USD' }, minimumMs: 0, periodMs: 1_000, available: free > 0 };
    });
  }

  async order({ offer, tag }: OrderWish): Promise<ProviderMachine> {
    const taken = await this.#claims.all();
    const own = this.#account.machines.filter((one) => one.offer === offer);
    if (own.length === 0) throw new ProviderFault('refused', `there are no machines of the class ${safe(offer)}`);
    const mine = own.find(({ id }) => taken.get(id) === tag);
    if (mine) return this.show(mine.id);
    for (const { id } of own) {
      if (!taken.has(id) && await this.#claims.claim(id, tag)) return this.show(id);
    }
    throw new ProviderFault('no_capacity', 'all machines of that class are in use');
  }

  async show(id: string): Promise<ProviderMachine> {
    const machine = this.#account.machines.find((one) => one.id === id);
    const tag = (await this.#claims.all()).get(id);
    if (machine === undefined || tag === undefined) throw new ProviderFault('not_found', 'no such machine is in use');
    return this.#shown(machine, tag, await this.#progress(id));
  }

  advance(machine: ProviderMachine): Promise<ProviderMachine> {
    return this.show(machine.id);
  }

  async access(id: string): Promise<MachineAccess> {
    if ((await this.show(id)).state !== 'ready') throw new ProviderFault('busy', 'the machine is not ready to be entered');
    const { host, port, user, hostKey } = this.#account.machines.find((one) => one.id === id)!;
    return { host, port, user, password: null, hostKey };
  }

  async reinstall(id: string): Promise<ProviderMachine> {
    const { reinstallUrl } = this.#account;
    if (reinstallUrl === null) throw new ProviderFault('refused', 'these machines cannot be reinstalled from here: no address is entered that does it');
    const before = await this.show(id);
    if (before.state === 'reinstalling') return before;
    await this.#hook('POST', reinstallUrl, JSON.stringify({ machine: id }));
    return { ...before, state: 'reinstalling', reason: 'asked for', estimateAtMs: this.#clock.nowMs() + REINSTALL_MS };
  }

  async release(id: string): Promise<ProviderMachine> {
    const machine = await this.show(id);
    await this.#claims.free(id);
    return { ...machine, state: 'gone', reason: 'free' };
  }

  async list(): Promise<readonly ProviderMachine[]> {
    const taken = await this.#claims.all();
    return this.#account.machines.filter(({ id }) => taken.has(id)).map((one) => this.#shown(one, taken.get(one.id)!, 'done'));
  }

  async #progress(id: string): Promise<z.infer<typeof progress>['state']> {
    const { reinstallUrl } = this.#account;
    if (reinstallUrl === null) return 'done';
    const url = new URL(reinstallUrl);
    url.searchParams.set('machine', id);
    return readJson(progress, await this.#hook('GET', url.href)).state;
  }

  async #hook(method: 'GET' | 'POST', url: string, body?: string): Promise<{ readonly text: string }> {
    const { reinstallKey } = this.#account;
    const answer = await this.#client.send({
      method, url, headers: { accept: 'application/json', ...(reinstallKey !== null && { authorization: `Bearer ${reinstallKey}` }), ...(body !== undefined && { 'content-type': 'application/json' }) }, ...(body !== undefined && { body }),
    });
    const { status, retryAfterMs } = answer;
    if (status >= 200 && status < 300) return answer;
    const kind = status >= 500 ? 'provider_down' : status === 401 || status === 403 ? 'bad_credentials' : status === 429 || status === 409 ? 'busy' : 'refused';
    throw new ProviderFault(kind, `the address that reinstalls answered ${status}`, { retryAfterMs, unclear: status >= 500 && method === 'POST' });
  }

  #shown({ id, offer }: StaticMachine, tag: string, state: z.infer<typeof progress>['state']): ProviderMachine {
    return {
      id, tag: readTag(tag), name: id, offer, state: state === 'done' ? 'ready' : state === 'failed' ? 'failed' : 'reinstalling', reason: state,
      estimateAtMs: state === 'busy' ? this.#clock.nowMs() + REINSTALL_MS : null, billedSinceMs: null, deletableAtMs: null,
    };
  }
}
