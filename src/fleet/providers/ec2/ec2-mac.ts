import type { Clock } from '../../../base/index.ts';
import { plainId, safe, timeMs } from '../answer.ts';
import { ProviderFault } from '../fault.ts';
import type { MachineAccess, MachineProvider, MachineState, Offer, OfferPrice, OrderWish, ProviderMachine } from '../provider.ts';
import type { ProviderClient } from '../provider-client.ts';
import { readTag } from '../tag.ts';
import { Ec2Query, kindOf, type Ec2Endpoint } from './query.ts';
import { find, items, textAt, type Element } from './xml.ts';

const DAY_MS = 86_400_000;
/** How long Amazon says that it takes at most to wipe a Mac after an instance. */
const SCRUB_MS = 110 * 60_000;
const BOOT_MS = 15 * 60_000;
const TAG_KEY = 'tandem';
const MOST_PAGES = 50;

export interface Ec2MacAccount extends Ec2Endpoint {
  readonly name: string;
  /** Such as eu-west-1b. */
  readonly zone: string;
  readonly keyName: string;
  readonly subnetId: string | null;
  readonly securityGroupId: string | null;
  /** What can be ordered: the image to start, and the price, which EC2's API does not name. By type, such as mac2.metal. */
  readonly types: ReadonlyMap<string, { readonly image: string; readonly perHour: OfferPrice | null }>;
}

/**
 * Macs of EC2. What is ordered and billed is a dedicated host, for 24 h at least; a system runs on it as an instance. To reinstall is to end
 * the instance, wait until Amazon has wiped the host, and start another.
 */
export class Ec2Mac implements MachineProvider {
  readonly kind = 'ec2-mac';
  readonly name: string;
  readonly traits = { ordersOnce: true, reinstalls: true };
  readonly #account: Ec2MacAccount;
  readonly #query: Ec2Query;
  readonly #clock: Clock;

  constructor(account: Ec2MacAccount, client: ProviderClient, clock: Clock) {
    this.name = account.name;
    this.#account = account;
    this.#query = new Ec2Query(account, client, clock);
    this.#clock = clock;
  }

  offers(): Promise<readonly Offer[]> {
    return Promise.resolve([...this.#account.types].map(([name, { perHour }]): Offer => ({ name, machine: 'mac', about: `dedicated host, ${name}`, gpus: null, perHour, minimumMs: DAY_MS, periodMs: 1_000, available: null })));
  }

  async order({ offer, tag }: OrderWish): Promise<ProviderMachine> {
    if (!this.#account.types.has(offer)) throw new ProviderFault('refused', `no image is entered for ${safe(offer)}`);
    // A client token is believed for a time only; the tag stays.
    const [known] = await this.#hosts({ 'Filter.1.Name': `tag:${TAG_KEY}`, 'Filter.1.Value.1': tag });
    if (known) return this.#machine(known, undefined);
    const answer = await this.#query.call('AllocateHosts', {
      AvailabilityZone: this.#account.zone, InstanceType: offer, Quantity: '1', AutoPlacement: 'off', ClientToken: tag,
      'TagSpecification.1.ResourceType': 'dedicated-host', 'TagSpecification.1.Tag.1.Key': TAG_KEY, 'TagSpecification.1.Tag.1.Value': tag, 'TagSpecification.1.Tag.2.Key': 'Name', 'TagSpecification.1.Tag.2.Value': tag,
    });
    const id = items(answer, 'hostIdSet')[0]?.text ?? '';
    if (id === '') throw new ProviderFault('provider_down', 'EC2 named no host', { unclear: true });
    const nowMs = this.#clock.nowMs();
    return { id: safe(id, 128), tag, name: tag, offer, state: 'delivering', reason: 'allocated', estimateAtMs: nowMs + BOOT_MS, billedSinceMs: nowMs, deletableAtMs: nowMs + DAY_MS };
  }

  async show(id: string): Promise<ProviderMachine> {
    const host = await this.#host(id);
    return this.#machine(host, await this.#instance(id));
  }

  async advance(machine: ProviderMachine, turn: number): Promise<ProviderMachine> {
    const host = await this.#host(machine.id);
    const seen = this.#machine(host, await this.#instance(machine.id));
    const type = this.#account.types.get(seen.offer);
    if (seen.state !== 'delivering' || textAt(host, 'state') !== 'available' || find(host, 'instances', 'item') !== undefined || type === undefined) return seen;
    const { keyName, subnetId, securityGroupId } = this.#account;
    const name = seen.tag ?? seen.id;
    await this.#query.call('RunInstances', {
      ImageId: type.image, InstanceType: seen.offer, MinCount: '1', MaxCount: '1', KeyName: keyName, ClientToken: `${name}-${turn}`, 'Placement.HostId': seen.id, 'Placement.Tenancy': 'host',
      ...(subnetId !== null && { SubnetId: subnetId }), ...(securityGroupId !== null && { 'SecurityGroupId.1': securityGroupId }),
      'TagSpecification.1.ResourceType': 'instance', 'TagSpecification.1.Tag.1.Key': 'Name', 'TagSpecification.1.Tag.1.Value': name,
    });
    return this.show(machine.id);
  }

  async access(id: string): Promise<MachineAccess> {
    const instance = await this.#instance(id);
    const host = textAt(instance, 'ipAddress') ?? textAt(instance, 'privateIpAddress');
    if (stateOf(instance) !== 'running' || host === null) throw new ProviderFault('busy', 'the machine is not ready to be entered');
    return { host, port: 22, user: 'ec2-user', password: null, hostKey: null };
  }

  async reinstall(id: string): Promise<ProviderMachine> {
    const before = await this.show(id);
    if (before.state !== 'ready') return before;
    await this.#terminate(id);
    return { ...before, state: 'reinstalling', reason: 'the instance is ended', estimateAtMs: this.#clock.nowMs() + SCRUB_MS + BOOT_MS };
  }

  async release(id: string): Promise<ProviderMachine> {
    const machine = await this.show(id);
    if (machine.state === 'gone') return machine;
    const { deletableAtMs } = machine;
    if (deletableAtMs !== null && deletableAtMs > this.#clock.nowMs()) throw new ProviderFault('not_before', 'the 24 h that EC2 charges at least are not over', { notBeforeMs: deletableAtMs });
    if (await this.#terminate(id)) return { ...machine, state: 'leaving', reason: 'the instance is ended', estimateAtMs: this.#clock.nowMs() + SCRUB_MS };
    const answer = await this.#query.call('ReleaseHosts', { 'HostId.1': plainId(id) });
    const [refusal] = items(answer, 'unsuccessful');
    if (refusal === undefined) return { ...machine, state: 'gone', reason: 'released' };
    const code = textAt(refusal, 'error', 'code') ?? '';
    // A host that is being wiped is refused too; both pass.
    throw new ProviderFault(kindOf(code) ?? 'busy', `EC2 does not take the host back yet: ${safe(code, 60)} ${safe(textAt(refusal, 'error', 'message'))}`);
  }

  async list(): Promise<readonly ProviderMachine[]> {
    return (await this.#hosts({})).map((host) => this.#machine(host, undefined));
  }

  /** Hosts of Macs that are not released. */
  async #hosts(filter: Readonly<Record<string, string>>): Promise<Element[]> {
    const found: Element[] = [];
    let token: string | null = null;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const answer: Element = await this.#query.call('DescribeHosts', { ...filter, ...(token !== null && { NextToken: token }) });
      found.push(...items(answer, 'hostSet').filter((host) => (textAt(host, 'hostProperties', 'instanceType') ?? '').startsWith('mac') && !(textAt(host, 'state') ?? '').startsWith('released')));
      token = textAt(answer, 'nextToken');
      if (token === null || token === '') return found;
    }
    throw new ProviderFault('provider_down', 'it lists hosts without end');
  }

  async #host(id: string): Promise<Element> {
    const [host] = items(await this.#query.call('DescribeHosts', { 'HostId.1': plainId(id) }), 'hostSet');
    if (host === undefined) throw new ProviderFault('not_found', 'EC2 has no such host');
    return host;
  }

  /** The instance that lives on a host; undefined: none does. */
  async #instance(hostId: string): Promise<Element | undefined> {
    const answer = await this.#query.call('DescribeInstances', { 'Filter.1.Name': 'host-id', 'Filter.1.Value.1': plainId(hostId) });
    return items(answer, 'reservationSet').flatMap((one) => items(one, 'instancesSet')).find((one) => stateOf(one) !== 'terminated');
  }

  /** @returns whether there was an instance to end. */
  async #terminate(hostId: string): Promise<boolean> {
    const instance = await this.#instance(hostId);
    if (instance === undefined) return false;
    if (stateOf(instance) !== 'shutting-down') await this.#query.call('TerminateInstances', { 'InstanceId.1': textAt(instance, 'instanceId') ?? '' });
    return true;
  }

  /** @param instance what lives on it; undefined: nothing, or in a list: it was not asked for. */
  #machine(host: Element, instance: Element | undefined): ProviderMachine {
    const nowMs = this.#clock.nowMs();
    const hostState = textAt(host, 'state') ?? '';
    const living = instance === undefined ? (find(host, 'instances', 'item') === undefined ? null : 'running') : stateOf(instance);
    const state = machineState(hostState, living);
    const since = timeMs(textAt(host, 'allocationTime'));
    const tag = items(host, 'tagSet').find((one) => textAt(one, 'key') === TAG_KEY);
    const name = items(host, 'tagSet').find((one) => textAt(one, 'key') === 'Name');
    return {
      id: safe(textAt(host, 'hostId'), 128), tag: readTag(textAt(tag, 'value')), name: safe(textAt(name, 'value')), offer: safe(textAt(host, 'hostProperties', 'instanceType')), state,
      reason: `host ${safe(hostState, 40)}${living === null ? '' : `, instance ${safe(living, 40)}`}`, estimateAtMs: state === 'reinstalling' ? nowMs + SCRUB_MS + BOOT_MS : state === 'delivering' ? nowMs + BOOT_MS : null,
      billedSinceMs: since, deletableAtMs: since === null ? null : since + DAY_MS,
    };
  }
}

function stateOf(instance: Element | undefined): string {
  return textAt(instance, 'instanceState', 'name') ?? 'none';
}

function machineState(host: string, instance: string | null): MachineState {
  if (host.startsWith('released')) return 'gone';
  if (host === 'permanent-failure' || host === 'under-assessment') return 'failed';
  if (instance === 'running') return 'ready';
  if (instance === 'shutting-down' || (instance === null && host === 'pending')) return 'reinstalling';
  return instance === 'stopped' || instance === 'stopping' ? 'failed' : 'delivering';
}
