import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock, createIdSource, silentLogger } from '../../base/index.ts';
import { openTestAccess, type TestAccess } from '../../access/testing.ts';
import type { BackendCall, FleetPort, MachineCost } from '../ports.ts';
import type { Catalogue } from '../registry/catalogue.ts';
import type { ServingContext } from './context.ts';
import { embeddedEngine } from './engines/embedded.ts';
import { ServingKeeper } from './keeper.ts';
import { machineShares } from './machine-share.ts';
import { ReplicaMinutes } from './minutes.ts';
import type { ReplicaDoor } from './replica-door.ts';
import { Servings } from './servings.ts';

const MINUTE = 60_000;

/** A stand-in for machines and engines: leases run at once, and each replica's engine says what the test sets. */
class StandInFleet {
  readonly leases = new Map<string, { state: string; reason: string | null; startMs: number; stoppedMs: number | null }>();
  load = { running: 0, waiting: 0, ended: 0 };
  loaded = true;
  silent = false;
  exits = 0;
  refusal: Error | null = null;
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  get port(): FleetPort {
    const view = (id: string) => ({ id, ...this.leases.get(id)!, machines: [{ machineId: '0192f0c1-7a00-7000-8000-0000000000aa', units: ['whole'], stage: 'granted' }] });
    return {
      link: {},
      leases: {
        create: async (_principal: unknown, { key }: { key: string }) => {
          if (this.refusal) throw this.refusal;
          if (!this.leases.has(key)) this.leases.set(key, { state: 'running', reason: null, startMs: this.#clock.nowMs(), stoppedMs: null });
          return view(key);
        },
        show: async (_principal: unknown, id: string) => ({ lease: view(id), events: [] }),
        end: async (_principal: unknown, id: string) => Object.assign(this.leases.get(id)!, { state: 'ended', stoppedMs: this.#clock.nowMs() }),
        minutes: async (_principal: unknown, id: string, from: number) => {
          const { startMs, stoppedMs } = this.leases.get(id)!;
          const until = stoppedMs === null ? Math.floor((this.#clock.nowMs() - startMs) / MINUTE) : Math.ceil((stoppedMs - startMs) / MINUTE);
          return { done: stoppedMs !== null, minutes: Array.from({ length: Math.max(0, until - from) }, (_, at) => ({ fromMs: startMs + (from + at) * MINUTE, untilMs: startMs + (from + at + 1) * MINUTE, cost: 1_000n })) };
        },
      },
    } as unknown as FleetPort;
  }

  get door(): ReplicaDoor {
    return {
      begin: async () => {}, job: async () => ({ running: this.exits === 0, exits: this.exits, lastExit: 'it ended with code 1', log: 'no such model\n' }),
      get: async (_place: unknown, path: string) => {
        if (this.silent) throw new Error('it does not answer');
        if (path === '/health') return { status: this.loaded ? 200 : 503, text: '' };
        const { running, waiting, ended } = this.load;
        return { status: 200, text: `tandem_requests_running ${running}\ntandem_requests_waiting ${waiting}\ntandem_requests_ended_total ${ended}\n` };
      },
    } as unknown as ReplicaDoor;
  }
}

describe('a served model (machines and engines are stand-ins)', () => {
  let test: TestAccess;
  let clock: ManualClock;
  let fleet: StandInFleet;
  let context: ServingContext;
  let keeper: ServingKeeper;
  let made: BackendCall[];
  let noted: MachineCost[];
  let servingId: string;

  beforeEach(async () => {
    test = await openTestAccess();
    clock = new ManualClock(Math.ceil(Date.now() / 1_000) * 1_000);
    fleet = new StandInFleet(clock);
    made = [];
    noted = [];
    const file = { path: '', sha256: 'a'.repeat(64), bytes: 1 };
    const engine = embeddedEngine({ program: async () => file, weights: async () => file });
    context = {
      database: test.database, clock, log: silentLogger, newId: createIdSource(() => clock.nowMs()), access: test.access, engines: { embedded: engine, vllm: engine, 'llama-cpp': engine }, fleet: fleet.port, door: fleet.door,
      calls: async () => made, noteCosts: async (_tx, costs) => void noted.push(...costs),
    };
    keeper = new ServingKeeper(context);
    servingId = context.newId();
    await test.database.scoped(test.organisationId).insertInto('servings', {
      id: servingId, project_id: test.projectId, name: 'fleet/local', model: 'tandem/local', engine: 'embedded', settings: JSON.stringify({ parallel: 4, args: [], targetFirstTokenMs: null }),
      lease: JSON.stringify({ kind: 'node', gpus: null, gpu: null, memoryGb: null, slice: null, pool: null, labels: {} }), min_replicas: 0, max_replicas: 3, idle_minutes: 5, cold: 'wait', context_tokens: null, max_output_tokens: 256,
      asked_by: 'a test', replicas: 1, scaled_at: new Date(clock.nowMs()), created_at: new Date(clock.nowMs()),
    }).execute();
  });
  afterEach(() => test.close());

  const pass = async (seconds: number): Promise<void> => {
    for (let at = 0; at < seconds; at += 1) {
      clock.advance(1_000);
      await keeper.tick();
      await keeper.settled();
    }
  };
  const replicas = () => test.database.scoped(test.organisationId).selectFrom('serving_replicas').selectAll().orderBy('number').execute();
  const states = async (): Promise<string[]> => (await replicas()).map(({ number, observed }) => `${number} ${observed}`);
  const serving = () => test.database.scoped(test.organisationId).selectFrom('servings').selectAll().executeTakeFirstOrThrow();

  it('is brought to answer, grows by its queue, shrinks when it is calm, sleeps when nobody calls, and wakes for a call', async () => {
    await pass(6);
    expect(await states()).toEqual(['1 ready']);
    expect((await replicas())[0]).toMatchObject({ reason: null, ready_at: expect.any(Date) as Date });
    fleet.load = { running: 4, waiting: 6, ended: 1 };
    await pass(25);
    expect((await states()).filter((state) => state.endsWith('ready')).length).toBeGreaterThanOrEqual(2);
    fleet.load = { running: 0, waiting: 0, ended: 1 };
    await pass(125);
    expect((await serving()).replicas).toBeLessThan(3);
    await pass(420);
    expect((await serving())).toMatchObject({ replicas: 0 });
    expect((await states()).every((state) => state.endsWith('ended'))).toBe(true);
    expect([...fleet.leases.values()].every(({ state }) => state === 'ended')).toBe(true);
    await test.database.scoped(test.organisationId).updateTable('servings').set({ called_at: new Date(clock.nowMs()) }).where('id', '=', servingId).execute();
    await pass(6);
    expect((await states()).at(-1)).toMatch(/ready$/);
  }, 120_000);

  it('leases nothing by a wish that names what would be overlooked, which was kept before such were refused', async () => {
    const lease = JSON.stringify({ kind: 'node', gpus: null, gpu: 'h100-80gb', memoryGb: null, slice: null, pool: null, labels: {} }) as never;
    await test.database.scoped(test.organisationId).updateTable('servings').set({ lease }).where('id', '=', servingId).execute();
    await pass(4);
    expect(await replicas()).toMatchObject([{ observed: 'asked', lease_id: null, reason: 'its wish for a machine is not one: gpu must be left out: it is of the kind gpu alone, and this is node. Stop it, and serve the model anew: tandem gpu stop fleet/local' }]);
    expect(fleet.leases.size).toBe(0);
  });

  it('replaces a replica whose lease ended, takes one out that does not answer, and gives one up whose program never starts', async () => {
    await pass(6);
    const [first] = await replicas();
    Object.assign(fleet.leases.get(first!.id)!, { state: 'ended', reason: 'no more money could be set aside' });
    fleet.silent = true;
    await pass(3);
    expect((await replicas())[0]).toMatchObject({ observed: 'ended', reason: 'its lease ended: no more money could be set aside' });
    fleet.silent = false;
    await pass(8);
    expect(await states()).toEqual(['1 ended', '2 ready']);
    const servings = new Servings(context, {} as Catalogue);
    expect(await servings.output(test.admin, servingId)).toEqual({ replica: 2, running: true, text: 'no such model\n' });
    expect(await servings.output(test.admin, servingId, 1)).toEqual({ replica: 1, running: false, text: null });
    fleet.silent = true;
    await pass(4);
    expect(await states()).toEqual(['1 ended', '2 loading']);
    fleet.exits = 5;
    await pass(4);
    expect((await replicas())[1]).toMatchObject({ observed: 'ended', reason: 'its program has ended 5 times: it ended with code 1: no such model' });
    // Its lease is over, and what it printed is what says why.
    expect(await servings.output(test.admin, servingId, 2)).toEqual({ replica: 2, running: false, text: 'no such model\n' });
  }, 120_000);

  it('says why no lease is to be had, and asks for no second one', async () => {
    fleet.refusal = new Error('Machines of that kind that are here: 0');
    await pass(4);
    expect(await replicas()).toMatchObject([{ observed: 'asked', reason: 'Machines of that kind that are here: 0', lease_id: null }]);
    fleet.refusal = null;
    await pass(5);
    expect(await states()).toEqual(['1 ready']);
    expect(fleet.leases.size).toBe(1);
  });

  it('lets what runs end before it stops', async () => {
    await pass(6);
    fleet.load = { running: 1, waiting: 0, ended: 0 };
    await test.database.scoped(test.organisationId).updateTable('servings').set({ wanted: 'stop' }).where('id', '=', servingId).execute();
    await pass(5);
    expect(await replicas()).toMatchObject([{ observed: 'draining', reason: '1 answers are being finished' }]);
    fleet.load = { running: 0, waiting: 0, ended: 1 };
    await pass(6);
    expect(await states()).toEqual(['1 ended']);
    expect((await serving()).stopped_at).not.toBeNull();
  });

  it('splits each minute once over the tokens that were made in it; idle ones stand apart, and the sums are what the lease cost', async () => {
    await pass(6);
    const [replica] = await replicas();
    const { startMs } = fleet.leases.get(replica!.id)!;
    const call = (eventId: string, fromMs: number, untilMs: number, tokens: bigint, charge: bigint): BackendCall => ({ organisationId: test.organisationId, eventId, backendId: replica!.id, fromMs: startMs + fromMs, untilMs: startMs + untilMs, tokens, charge });
    made = [call('0192f0c1-7a00-7000-8000-0000000000c1', 10_000, 20_000, 30n, 90n), call('0192f0c1-7a00-7000-8000-0000000000c2', 30_000, 90_000, 60n, 50n)];
    clock.advance(10 * MINUTE);
    const minutes = new ReplicaMinutes(context);
    const shareOf = (eventId: string, tokens = 1n, organisationId = test.organisationId) => machineShares(context)(organisationId, { id: eventId, tries: [{ backendId: 'local', tokens: 9n }, { backendId: replica!.id, tokens }] });
    expect(await shareOf(made[1]!.eventId)).toEqual({ state: 'waiting', minutes: null, cost: null, currency: 'USD' });
    await minutes.settle(new AbortController().signal);
    // Once more, as another process would: nothing is split twice.
    await minutes.settle(new AbortController().signal);
    const own = test.database.scoped(test.organisationId);
    const split = await own.selectFrom('replica_minutes').select(['cost', 'tokens']).orderBy('at').execute();
    expect(split.map(({ cost, tokens }) => [cost, tokens])).toEqual([['1000', '60'], ['1000', '30'], ...Array.from({ length: 5 }, () => ['1000', '0'])]);
    const shares = await own.selectFrom('token_shares').select(['event_id', 'tokens', 'cost', 'charge']).orderBy('at').orderBy('event_id').execute();
    expect(shares.map(({ event_id, tokens, cost, charge }) => [event_id.slice(-2), tokens, cost, charge])).toEqual([['c1', '30', '500', '90'], ['c2', '30', '500', '25'], ['c2', '30', '1000', '25']]);
    // The books hear of each call's whole part, once.
    expect(noted.map(({ organisationId, eventId, backendId, cost }) => [organisationId, eventId.slice(-2), backendId, cost])).toEqual([[test.organisationId, 'c1', replica!.id, 500n], [test.organisationId, 'c2', replica!.id, 1_500n]]);
    expect(await shareOf(made[0]!.eventId)).toEqual({ state: 'split', minutes: 0.5, cost: '500', currency: 'USD' });
    expect(await shareOf(made[1]!.eventId)).toEqual({ state: 'split', minutes: 1.5, cost: '1500', currency: 'USD' });
    // Another organisation's machines are not the asker's, whatever ids it knows.
    expect(await shareOf(made[1]!.eventId, 1n, context.newId())).toBeNull();
    expect(await machineShares(context)(test.organisationId, { id: made[1]!.eventId, tries: [{ backendId: 'local', tokens: 1n }] })).toBeNull();
    Object.assign(fleet.leases.get(replica!.id)!, { state: 'ended', stoppedMs: clock.nowMs() });
    clock.advance(10 * MINUTE);
    await minutes.settle(new AbortController().signal);
    expect((await replicas())[0]!.settled_at).not.toBeNull();
    expect(await shareOf(context.newId())).toMatchObject({ state: 'missed', cost: null });
    expect(await shareOf(context.newId(), 0n)).toMatchObject({ state: 'split', minutes: 0, cost: '0' });
    expect((await own.selectFrom('replica_minutes').select('cost').execute()).length).toBe(Math.ceil((fleet.leases.get(replica!.id)!.stoppedMs! - startMs) / MINUTE));
  });
});
