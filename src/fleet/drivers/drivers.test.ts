import { expect, it } from 'vitest';
import { ManualClock, TandemError, isTandemError } from '../../base/index.ts';
import { driverConformance } from '../testing/driver-conformance.ts';
import { StandInMachines } from '../testing/stand-in-machines.ts';
import type { NodeCommand, NodeLink } from '../ports.ts';
import { AgentDriver } from './agent-driver.ts';

driverConformance('the stand-in in the test\'s process', async () => {
  const clock = new ManualClock();
  const machines = new StandInMachines(clock, ['a', 'b']);
  return { driver: machines, pass: async (ms) => clock.advance(ms), link: (id, link) => machines.link(id, link), running: (id) => machines.running(id), async [Symbol.asyncDispose]() {} };
});

/** The agent's side of its link, over the stand-in: the forms of `lease.*` as this server sends and reads them. No agent runs here. */
class StandInLink implements NodeLink {
  readonly machines: StandInMachines;
  readonly #clock: ManualClock;
  delayMs = 0;
  boot = 'boot-1';
  answer: unknown;

  constructor(clock: ManualClock) {
    this.#clock = clock;
    this.machines = new StandInMachines(clock, ['a', 'b']);
  }

  isConnected(nodeId: string): boolean {
    return this.machines.reaches(nodeId);
  }

  async ask(nodeId: string, command: NodeCommand, params: Readonly<Record<string, unknown>>): Promise<unknown> {
    const order = { leaseId: String(params['lease']), fence: BigInt(String(params['fence'] ?? 0)), machineId: nodeId, unitIds: (params['units'] ?? []) as string[], access: 'shell', home: { from: (params['volume'] ?? null) as string | null, keep: (params['keep'] ?? null) as string | null } } as const;
    switch (command) {
      case 'lease.list':
        if (this.answer !== undefined) return this.answer;
        return { boot: this.boot, uptimeMs: this.#clock.monotonicMs(), leases: (await this.machines.list(nodeId)).map(({ leaseId, fence, remainingMs }) => ({ lease: leaseId, fence: String(fence), remainingMs })) };
      case 'lease.grant':
        this.#clock.advance(this.delayMs);
        if (params['boot'] !== this.boot) throw new TandemError('node_refused', { params: { name: nodeId, reason: 'it was restarted' } });
        await this.machines.grant(order, (params['untilUptimeMs'] as number) - this.#clock.monotonicMs());
        return { volume: order.home.from };
      case 'lease.look':
        return this.answer ?? this.machines.look(nodeId, order.leaseId);
      case 'volume.remove':
        return this.machines.removeVolume(nodeId, String(params['volume']));
      case 'lease.end':
        return this.machines.stop(order);
      case 'lease.wipe':
        return this.answer ?? this.machines.wipe(order);
      default:
        throw new TandemError('node_refused', { params: { name: nodeId, reason: `${command} is not played here` } });
    }
  }

  open(): Promise<never> {
    return Promise.reject(new TandemError('node_refused', { params: { name: 'a', reason: 'no streams are played here' } }));
  }

  onChange(listener: (nodeId: string, connected: boolean) => void): () => void {
    return this.machines.onChange(listener);
  }
}

driverConformance('the agent, over a stand-in of its link', async () => {
  const clock = new ManualClock();
  const link = new StandInLink(clock);
  return { driver: new AgentDriver(link, clock), pass: async (ms) => clock.advance(ms), link: (id, way) => link.machines.link(id, way), running: (id) => link.machines.running(id), async [Symbol.asyncDispose]() {} };
});

const order = { leaseId: 'x', fence: 1n, machineId: 'a', unitIds: ['one'], access: 'shell', home: { from: null, keep: null } } as const;

it('a grant that arrives late ends no later', async () => {
  const clock = new ManualClock();
  const link = new StandInLink(clock);
  link.delayMs = 50_000;
  await new AgentDriver(link, clock).grant(order, 60_000);
  expect(link.machines.running('a')).toEqual(['x']);
  clock.advance(10_000);
  expect(link.machines.running('a')).toEqual([]);
});

it('what an agent says is checked: a list that cannot be read refuses, and a wipe that cannot be read is not clean', async () => {
  const clock = new ManualClock();
  const link = new StandInLink(clock);
  const driver = new AgentDriver(link, clock);
  for (const answer of [null, 'yes', {}, { boot: 'b', uptimeMs: -1, leases: [] }, { boot: 'b', uptimeMs: Number.NaN, leases: [] }, { boot: 'b', uptimeMs: 5, leases: 'none' }]) {
    link.answer = answer;
    await expect(driver.list('a')).rejects.toSatisfy((error) => isTandemError(error, 'node_refused'));
  }
  link.answer = { boot: 'b', uptimeMs: 5, leases: [{ lease: 'x', fence: '1e9', remainingMs: 5 }, null, { lease: 'y', fence: '7', remainingMs: 5 }] };
  expect(await driver.list('a')).toEqual([{ leaseId: 'y', fence: 7n, remainingMs: 5 }]);
  link.answer = { clean: true, method: 'prayer', evidence: ['\u001b[2J', 7], unchecked: null, canaries: 'none', versions: { agent: '\u001b[1m' } };
  expect(await driver.wipe(order)).toEqual({ clean: false, method: 'reset', evidence: [expect.not.stringContaining('\u001b'), '7'], unchecked: [], canaries: { planted: [], found: [] }, versions: { agent: expect.not.stringContaining('\u001b') as string }, kept: null });
  link.answer = { clean: true, method: 'reset', evidence: Array.from({ length: 205 }, (_, card) => `card ${card}`), unchecked: [], canaries: null, versions: null };
  expect((await driver.wipe(order)).evidence.slice(198)).toEqual(['card 198', 'and 6 more']);
  link.answer = { clean: true, method: 'reset', evidence: [], unchecked: [], canaries: { planted: ['home'], found: ['/tmp/x'] }, versions: null };
  expect(await driver.wipe(order)).toMatchObject({ clean: false, canaries: { planted: ['home'], found: ['/tmp/x'] }, versions: {} });
});
