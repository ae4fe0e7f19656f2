import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mac } from '../testing/machines.ts';
import { place } from '../placement/index.ts';
import { decide, done, type Action } from './decide.ts';
import { overAtMs, type Lease } from './lease.ts';

/*
 * The whole protocol in one process, with everything that can go wrong: the server dies between what it sends and what it writes down, answers
 * get lost, machines are cut off both ways or one way, restart, and the server's clock is wrong after its restart. Time is a number here.
 */

const MARGIN = 2_000;
/** The server looks at every lease this often. */
const TICK = 1_000;

/** A machine's own side, as the agent keeps it: it counts by a clock of its own that no clock of ours moves. */
class Node {
  readonly id: string;
  /** `deaf`: nothing arrives. `mute`: what is sent arrives, the answer does not. */
  link: 'up' | 'deaf' | 'mute' = 'up';
  /** When it was last out of reach. */
  awayAtMs = 0;
  boot = 1;
  bootAtMs: number;
  fence = 0n;
  running: { lease: string; fence: bigint; untilUptimeMs: number } | null = null;
  residue: string | null = null;

  constructor(id: string, nowMs: number) {
    this.id = id;
    this.bootAtMs = nowMs;
  }

  uptime(nowMs: number): number {
    return nowMs - this.bootAtMs;
  }

  /** The watchdog, which outlives the agent. */
  watch(nowMs: number): void {
    if (this.running !== null && this.uptime(nowMs) >= this.running.untilUptimeMs) this.running = null;
  }

  grant(lease: string, fence: bigint, boot: number, uptimeMs: number, remainingMs: number): boolean {
    if (boot !== this.boot || fence < this.fence) return false;
    if (this.running !== null && this.running.lease !== lease) return false;
    if (this.residue !== null && this.residue !== lease) return false;
    this.fence = fence;
    this.residue = lease;
    this.running = { lease, fence, untilUptimeMs: uptimeMs + remainingMs };
    return true;
  }

  stop(lease: string): void {
    if (this.running?.lease === lease) this.running = null;
  }

  wipe(lease: string): void {
    this.stop(lease);
    if (this.residue === lease) this.residue = null;
  }

  reboot(nowMs: number): void {
    this.boot += 1;
    this.bootAtMs = nowMs;
    this.running = null;
  }
}

type Op =
  | { readonly op: 'lease'; readonly seconds: number }
  | { readonly op: 'end'; readonly which: number }
  | { readonly op: 'extend'; readonly which: number; readonly seconds: number }
  | { readonly op: 'pass'; readonly seconds: number }
  | { readonly op: 'link'; readonly node: number; readonly link: Node['link'] }
  | { readonly op: 'reboot'; readonly node: number }
  /** The server dies in the middle of its next word to a machine, and comes back with a clock that is so far off. */
  | { readonly op: 'crash'; readonly offMs: number };

const ops = fc.array(fc.oneof(
  fc.record({ op: fc.constant('lease' as const), seconds: fc.integer({ min: 5, max: 400 }) }),
  fc.record({ op: fc.constant('end' as const), which: fc.nat() }),
  fc.record({ op: fc.constant('extend' as const), which: fc.nat(), seconds: fc.integer({ min: -100, max: 300 }) }),
  fc.record({ op: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 120 }) }),
  fc.record({ op: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 10 }) }),
  fc.record({ op: fc.constant('link' as const), node: fc.nat(), link: fc.constantFrom<Node['link']>('up', 'up', 'deaf', 'mute') }),
  fc.record({ op: fc.constant('reboot' as const), node: fc.nat() }),
  fc.record({ op: fc.constant('crash' as const), offMs: fc.integer({ min: -3_600_000, max: 3_600_000 }) }),
), { minLength: 1, maxLength: 60 });

class Simulation {
  nowMs = 1_000_000;
  readonly nodes = [new Node('a', this.nowMs), new Node('b', this.nowMs)];
  /** What is in the database: all that outlives the server. */
  leases: Lease[] = [];
  /** How long each was asked for. */
  readonly #seconds: number[] = [];
  #fence = 0n;
  #offMs = 0;
  #dying = false;
  /** When each lease was last told to run until, in true time: nothing may run longer. */
  readonly told = new Map<string, number>();
  /** When somebody ended it, in true time. */
  readonly endedAt = new Map<string, number>();

  get #serverMs(): number {
    return this.nowMs + this.#offMs;
  }

  run(op: Op): void {
    const live = this.leases.filter(({ observed }) => observed !== 'ended');
    switch (op.op) {
      case 'lease': {
        this.leases.push({ id: `l${this.leases.length}`, fence: 0n, wanted: 'run', observed: 'waiting', endsAtMs: null, paidUntilMs: null, machines: [], wipedOutside: false });
        this.#seconds.push(op.seconds);
        break;
      }
      case 'end': {
        const lease = live[op.which % Math.max(1, live.length)];
        if (lease !== undefined && lease.wanted === 'run') {
          this.#put({ ...lease, wanted: 'end' });
          this.endedAt.set(lease.id, this.nowMs);
        }
        break;
      }
      case 'extend': {
        const lease = live[op.which % Math.max(1, live.length)];
        if (lease?.endsAtMs != null && lease.observed === 'running') this.#put({ ...lease, endsAtMs: lease.endsAtMs + op.seconds * 1_000, paidUntilMs: lease.endsAtMs + op.seconds * 1_000 });
        break;
      }
      case 'pass':
        this.pass(op.seconds);
        break;
      case 'link':
        this.nodes[op.node % 2]!.link = op.link;
        break;
      case 'reboot':
        this.nodes[op.node % 2]!.reboot(this.nowMs);
        break;
      case 'crash':
        this.#dying = true;
        this.#tick();
        this.#dying = false;
        this.#offMs = op.offMs;
        break;
    }
    this.check();
  }

  pass(seconds: number): void {
    for (let second = 0; second < seconds; second += 1) {
      this.nowMs += TICK;
      for (const node of this.nodes) node.watch(this.nowMs);
      this.#tick();
      this.check();
    }
  }

  check(): void {
    const holders = new Map<string, string>();
    for (const lease of this.leases) {
      for (const { machineId, stage } of lease.machines) {
        if (stage === 'wiped') continue;
        expect(holders.has(machineId), `${machineId} has two holders`).toBe(false);
        holders.set(machineId, lease.id);
      }
    }
    for (const node of this.nodes) {
      if (node.running === null) continue;
      const { lease } = node.running;
      expect(holders.get(node.id), `${node.id} runs ${lease}`).toBe(lease);
      expect(this.nowMs, `${lease} outlives what it was told`).toBeLessThanOrEqual(this.told.get(lease)! + 5_000);
      const ended = this.endedAt.get(lease);
      if (ended !== undefined && node.link === 'up') expect(this.nowMs - Math.max(ended, node.awayAtMs), `${lease} outlives its end`).toBeLessThanOrEqual(5_000);
    }
  }

  #put(lease: Lease): void {
    this.leases = this.leases.map((one) => (one.id === lease.id ? lease : one));
  }

  #tick(): void {
    this.#place();
    for (const node of this.nodes) if (node.link !== 'up') node.awayAtMs = this.nowMs;
    for (const { id } of this.leases) {
      for (let step = 0; step < 8; step += 1) {
        const lease = this.leases.find((one) => one.id === id)!;
        const action = decide(lease, { nowMs: this.#serverMs, marginMs: MARGIN, reaches: (machineId) => this.nodes.find((node) => node.id === machineId)!.link === 'up' || this.#dying });
        if (action.do === 'wait' || !this.#act(lease, action)) break;
      }
      if (this.#dying) break;
    }
  }

  /** @returns whether it is known to be done. */
  #act(lease: Lease, action: Action): boolean {
    if (!('machineId' in action) || action.do === 'count-stopped') {
      this.#put(done(lease, action, { nowMs: this.#serverMs }));
      return true;
    }
    const node = this.nodes.find(({ id }) => id === action.machineId)!;
    const on = lease.machines.find(({ machineId }) => machineId === node.id)!;
    const untilMs = overAtMs(lease)!;
    if (action.do === 'grant') this.#put({ ...lease, machines: lease.machines.map((one) => (one === on ? { ...one, boundMs: Math.max(one.boundMs ?? 0, untilMs) } : one)) });
    const answered = this.#send(node, lease, action, on.boundMs === null);
    // A server that dies here has sent, and writes nothing down.
    if (!answered || this.#dying) return false;
    const current = this.leases.find(({ id }) => id === lease.id)!;
    this.#put(done(current, action, { nowMs: this.#serverMs, grantedUntilMs: untilMs, boundMs: Math.max(on.boundMs ?? 0, untilMs) }));
    return true;
  }

  #send(node: Node, lease: Lease, action: Exclude<Action, { do: 'wait' }>, untouched: boolean): boolean {
    if (action.do === 'wipe' && untouched) return true;
    if (node.link === 'deaf') return false;
    let accepted = true;
    if (action.do === 'grant') {
      accepted = node.grant(lease.id, lease.fence, node.boot, node.uptime(this.nowMs), action.remainingMs);
      if (accepted) this.told.set(lease.id, Math.max(this.told.get(lease.id) ?? 0, this.nowMs + action.remainingMs));
    } else if (action.do === 'stop') node.stop(lease.id);
    else node.wipe(lease.id);
    return accepted && node.link === 'up';
  }

  #place(): void {
    const waiting = this.leases.filter(({ observed, wanted }) => observed === 'waiting' && wanted === 'run');
    const seconds = ({ id }: Lease) => this.#seconds[Number(id.slice(1))]!;
    const { placed } = place({
      machines: this.nodes.map(({ id, link }) => mac(id, { closed: link === 'up' ? null : 'out of reach' })), reservations: [], quotas: [], nowMs: this.#serverMs, marginMs: MARGIN,
      holdings: this.leases.flatMap(({ id, machines }) => machines.filter(({ stage }) => stage !== 'wiped').map(({ machineId, unitIds }) => ({ leaseId: id, organisationId: 'acme', projectId: 'one', machineId, unitIds, untilMs: 0, apart: null }))),
      requests: waiting.map((lease, index) => ({
        id: lease.id, organisationId: 'acme', projectId: 'one', askedAtMs: index, pool: null, want: { kind: 'whole', machine: 'mac', unit: null, macClass: null, xcode: null }, machines: 1, labels: {}, rawRoot: false,
        apart: null, fit: 'pack', durationMs: seconds(lease) * 1_000, startAtMs: null, providerSpend: 0n,
      })),
    });
    for (const { requestId, places } of placed) {
      const lease = this.leases.find(({ id }) => id === requestId)!;
      const untilMs = this.#serverMs + seconds(lease) * 1_000;
      this.#fence += 1n;
      this.#put({ ...lease, observed: 'granting', fence: this.#fence, endsAtMs: untilMs, paidUntilMs: untilMs, machines: places.map((one) => ({ ...one, stage: 'held', grantedUntilMs: null, boundMs: null })) });
    }
  }
}

it('never has two holders, outlives no end, and loses no machine, whatever fails', () => {
  fc.assert(fc.property(ops, (list) => {
    const simulation = new Simulation();
    for (const op of list) simulation.run(op);
    // Everything is mended, the clock is right again, and what was longest is over.
    for (const node of simulation.nodes) node.link = 'up';
    simulation.run({ op: 'crash', offMs: 0 });
    simulation.leases = simulation.leases.map((lease) => ({ ...lease, wanted: 'end' }));
    simulation.pass(30);
    expect(simulation.leases.filter(({ observed }) => observed !== 'ended').map(({ id, observed, machines }) => ({ id, observed, machines }))).toEqual([]);
    for (const node of simulation.nodes) expect([node.running, node.residue]).toEqual([null, null]);
  }), { numRuns: 1_000 });
});
