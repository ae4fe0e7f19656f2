import { createIdSource, systemClock, type Clock } from '../../base/index.ts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { canSandbox } from '../../../agent/src/testing/can-sandbox.ts';
import { OneMachineAccount, openRenting, type Renting } from '../../fleet/testing/renting.ts';
import { openAgentsHouse, type AgentsHouse } from '../testing/agents-house.ts';
import { canRent, rentMachine, type RentedMachine } from '../testing/rented-machine.ts';

const SUBNET = 41;

describe.runIf(canSandbox && canRent())('a rented machine (stand-in in namespaces, not macOS), entered by its real sshd', () => {
  let machine: RentedMachine;
  let house: AgentsHouse;
  let renting: Renting;
  let aheadMs: number;
  let key: string | null;

  beforeAll(async () => { machine = await rentMachine(SUBNET); }, 60_000);
  afterAll(() => machine?.stop());
  beforeEach(async () => {
    house = await openAgentsHouse({ host: `10.213.${SUBNET}.1` });
    aheadMs = 0;
    // Waits between looks are passed over; certificates and the agent go by the real clock.
    const clock: Clock = { ...systemClock, nowMs: () => Date.now() + aheadMs };
    const account = new OneMachineAccount(() => ({ host: machine.host, port: 22, user: machine.user, password: key === null ? machine.password : null, hostKey: key === null ? null : machine.hostKey }), () => machine.reinstall());
    renting = openRenting(house, account, { isConnected: (id) => house.tunnels.link.isConnected(id), ask: (...asked) => house.tunnels.link.ask(...asked) }, clock, createIdSource(() => Date.now()), { keys: new Map([['rented', key]].filter((pair): pair is [string, string] => pair[1] !== null)) });
  });
  afterEach(async () => {
    await renting.arrivals.close();
    await house[Symbol.asyncDispose]();
  });

  const order = async (): Promise<string> => {
    const { id } = await renting.orders.create(house.admin, { provider: 'rented', offer: 'one', ceiling: 10n ** 14n, key: 'one', neededUntil: null, pool: 'macs', name: 'rented-1' });
    await renting.reconciler.tick();
    return id;
  };
  /** Looks after the order until its machine is a node. */
  const arrive = async (id: string) => {
    for (let tries = 0; ; tries += 1) {
      await renting.arrivals.tick();
      await renting.arrivals.settled();
      const { arrival } = await renting.orders.show(house.admin, id);
      if (arrival!.state === 'done') return arrival!;
      if (arrival!.state === 'person' || tries === 100) throw new Error(JSON.stringify(arrival));
      await new Promise((resolve) => { setTimeout(resolve, 100); });
      aheadMs += 2_000;
    }
  };

  describe('by a key, at a host key that the provider reports', () => {
    beforeAll(() => { key = machine.keyFile; });

    it('becomes a node by itself, and nobody enters it from outside any more', async () => {
      const id = await order();
      const arrival = await arrive(id);
      expect(arrival.steps.map(({ step, state }) => `${step} ${state}`)).toEqual(['enter done', 'enrol done', 'connect done', 'password done', 'close done', 'probe done']);
      expect(arrival).toMatchObject({ hostKeyFrom: 'provider', hostKey: machine.hostKey });
      expect(arrival.steps.at(-1)!.reason).toBe('22 silent, 5900 silent');
      const { items: [node] } = await house.fleet.nodes.list(house.admin);
      expect(node).toMatchObject({ id: arrival.nodeId, name: 'rented-1', pool: 'macs', state: 'ready', standIn: true });
      expect(machine.inside('nft list table inet tandem_closed')).toContain('tcp dport { 22, 5900 } drop');
      const trail = await house.access.audit.list(house.admin, { limit: 20 });
      expect(trail.items.map(({ action }) => action)).toEqual(expect.arrayContaining(['order.create', 'node.add', 'node.enrol', 'order.arrive']));
    }, 90_000);
  });

  describe('by a password, at whatever host key answers first', () => {
    beforeAll(async () => {
      key = null;
      await machine.reinstall();
    }, 60_000);

    it('becomes a node, has another password then, and the same again under a new identity after a reinstallation', async () => {
      const id = await order();
      const first = await arrive(id);
      expect(first).toMatchObject({ hostKeyFrom: 'first-use', hostKey: machine.hostKey });
      const kept = JSON.parse(machine.inside(`cat ${machine.home}/machine-password.json`)) as { user: string; password: string };
      expect([kept.user, kept.password === machine.password, machine.inside('cat /proc/*/cmdline').includes(kept.password)]).toEqual(['root', false, false]);

      await renting.orders.reinstall(house.admin, id);
      for (let tries = 0; tries < 6; tries += 1) {
        await renting.reconciler.tick();
        aheadMs += 16_000;
      }
      expect(await renting.orders.show(house.admin, id)).toMatchObject({ state: 'ready', reinstalls: 1, arrival: { nodeId: null, hostKey: null, by: expect.any(String) } });
      const second = await arrive(id);
      expect(second.nodeId).not.toBe(first.nodeId);
      expect(second.hostKey).not.toBe(first.hostKey);
      expect(second.hostKey).toBe(machine.hostKey);
      const { items } = await house.fleet.nodes.list(house.admin);
      expect(items.map(({ id: node, name, state }) => [node, name, state])).toEqual([[second.nodeId, 'rented-1', 'ready']]);

      await renting.orders.release(house.admin, id, null);
      for (let tries = 0; tries < 12; tries += 1) {
        await renting.reconciler.tick();
        aheadMs += 16_000;
      }
      expect((await renting.orders.show(house.admin, id)).state).toBe('gone');
      expect((await house.fleet.nodes.list(house.admin)).items).toEqual([]);
    }, 120_000);
  });
});
