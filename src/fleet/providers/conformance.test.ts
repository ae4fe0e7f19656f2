import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock, newId } from '../../base/index.ts';
import { readEgressPolicy } from '../../base/egress/index.ts';
import { ProviderFault, type FaultKind } from './fault.ts';
import type { MachineProvider, ProviderMachine } from './provider.ts';
import { ProviderClient } from './provider-client.ts';
import { tagOf } from './tag.ts';
import type { ProviderBench } from './testing/bench.ts';
import { ec2Bench } from './testing/ec2-stand-in.ts';
import { lambdaBench } from './testing/lambda-stand-in.ts';
import { scalewayBench } from './testing/scaleway-stand-in.ts';
import { staticBench } from './testing/static-bench.ts';

/** Stand-ins, with answers from the providers' published documents: see the head of each. */
const BENCHES = { 'Scaleway (from docs)': scalewayBench, 'EC2 Mac (from docs)': ec2Bench, 'Lambda (from docs)': lambdaBench, 'one\'s own': staticBench };

const faultOf = async (work: Promise<unknown>): Promise<ProviderFault> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof ProviderFault) return error;
    throw error;
  }
  throw new Error('it did not fail');
};

/** Looks until the machine is in a state, as the reconciler does: a minute of the clock between two looks. */
const until = async (provider: MachineProvider, clock: ManualClock, machine: ProviderMachine, state: ProviderMachine['state'], turn = 0): Promise<ProviderMachine> => {
  let seen = machine;
  for (let looks = 0; looks < 400 && seen.state !== state; looks += 1) {
    clock.advance(60_000);
    seen = await provider.advance(seen, turn);
  }
  expect(seen.state).toBe(state);
  return seen;
};

describe.each(Object.entries(BENCHES))('machines of %s', (_name, open) => {
  let clock: ManualClock;
  let client: ProviderClient;
  let bench: ProviderBench;
  beforeEach(async () => {
    clock = new ManualClock(Date.UTC(2026, 10, 26));
    client = new ProviderClient({ clock, policy: readEgressPolicy({ allow: ['127.0.0.1'] }) });
    bench = await open(clock, client);
  });
  afterEach(async () => {
    await client.close();
    await bench.stop();
  });
  const wish = (tag = tagOf(newId())) => ({ offer: bench.offer, tag });

  it('are offered with a minimum, and a price where one is known', async () => {
    const offer = (await bench.provider.offers()).find(({ name }) => name === bench.offer);
    expect(offer).toMatchObject({ minimumMs: bench.minimumMs });
    expect(offer!.perHour === null || offer!.perHour.amount > 0n || bench.provider.kind === 'static').toBe(true);
  });

  it('are ordered, delivered and entered', async () => {
    const { tag, offer } = wish();
    const ordered = await bench.provider.order({ tag, offer });
    expect(ordered).toMatchObject({ tag, offer });
    const ready = await until(bench.provider, clock, ordered, 'ready');
    expect(await bench.provider.access(ready.id)).toMatchObject({ host: expect.stringMatching(/^[0-9a-z.:-]+$/), port: expect.any(Number), user: expect.any(String) });
    expect((await bench.provider.list()).map(({ tag: one }) => one)).toEqual([tag]);
  });

  it('come slowly, and say so', async () => {
    if (bench.deliverSlowly === null) return;
    bench.deliverSlowly(40 * 60_000);
    const ordered = await bench.provider.order(wish());
    expect(ordered).toMatchObject({ state: 'delivering', reason: expect.stringMatching(/./) });
    expect(ordered.estimateAtMs).toBeGreaterThan(clock.nowMs());
    expect((await faultOf(bench.provider.access(ordered.id))).kind).toBe('busy');
    await until(bench.provider, clock, ordered, 'ready');
  });

  it('are none when there is no capacity, and come when there is', async () => {
    bench.setStock(0);
    const { tag, offer } = wish();
    const fault = await faultOf(bench.provider.order({ tag, offer }));
    expect(fault).toMatchObject({ kind: 'no_capacity', unclear: false });
    expect(bench.billed()).toBe(0);
    bench.setStock(1);
    expect(await bench.provider.order({ tag, offer })).toMatchObject({ tag });
  });

  it('are one for one tag, however often it is ordered', async () => {
    const one = wish();
    const ids = new Set([(await bench.provider.order(one)).id, (await bench.provider.order(one)).id, (await bench.provider.order(one)).id]);
    expect(ids.size).toBe(1);
    expect(bench.billed()).toBe(1);
    await bench.provider.order(wish());
    expect(bench.billed()).toBe(2);
  });

  it.each(['lost-answer', 'truncated'] as const)('are found again by their tag after a %s', async (what) => {
    if (bench.down === null) return;
    const one = wish();
    bench.standIn.troubles.push({ on: 'order', what });
    expect(await faultOf(bench.provider.order(one))).toMatchObject({ kind: 'provider_down', unclear: true });
    expect(bench.billed()).toBe(1);
    expect((await bench.provider.list()).filter(({ tag }) => tag === one.tag)).toHaveLength(1);
    expect(await bench.provider.order(one)).toMatchObject({ tag: one.tag });
    expect(bench.billed()).toBe(1);
  });

  it('are given back no sooner than the provider takes them, and are gone then', async () => {
    const ready = await until(bench.provider, clock, await bench.provider.order(wish()), 'ready');
    if (bench.minimumMs > 0) {
      const fault = await faultOf(bench.provider.release(ready.id));
      expect(fault.kind).toBe('not_before');
      expect(fault.notBeforeMs).toBe(ready.deletableAtMs);
      expect(bench.billed()).toBe(1);
      clock.advance(ready.deletableAtMs! - clock.nowMs());
    }
    let gone = false;
    for (let tries = 0; tries < 400 && !gone; tries += 1) {
      try {
        gone = (await bench.provider.release(ready.id)).state === 'gone';
      } catch (error) {
        if (!(error instanceof ProviderFault) || (error.kind !== 'not_found' && error.kind !== 'busy')) throw error;
        gone = error.kind === 'not_found';
      }
      clock.advance(60_000);
    }
    expect(gone).toBe(true);
    expect(bench.billed()).toBe(0);
    expect(await bench.provider.list()).toEqual([]);
  });

  it('are reinstalled where that can be done, else it is refused by name', async () => {
    const ready = await until(bench.provider, clock, await bench.provider.order(wish()), 'ready');
    if (!bench.provider.traits.reinstalls) {
      expect((await faultOf(bench.provider.reinstall(ready.id))).kind).toBe('refused');
      return;
    }
    const busy = await bench.provider.reinstall(ready.id);
    expect(busy.state).toBe('reinstalling');
    // A second click begins nothing anew.
    expect((await bench.provider.reinstall(ready.id)).state).toBe('reinstalling');
    expect(await until(bench.provider, clock, busy, 'ready', 1)).toMatchObject({ id: ready.id });
    expect(bench.billed()).toBe(1);
  });

  it('are not to be had with a key that is not valid, which no error repeats', async () => {
    if (bench.withBadKey === null) return;
    const provider = bench.withBadKey();
    for (const work of [provider.list(), provider.order(wish()), provider.show('nothing')]) {
      const fault = await faultOf(work);
      expect(fault.kind).toBe('bad_credentials');
      expect(fault.message).not.toContain('wrong-secret');
    }
    expect(bench.billed()).toBe(0);
  });

  it.each<[string, FaultKind, 'throttled' | 'down']>([['429', 'busy', 'throttled'], ['5xx', 'provider_down', 'down']])('wait when the provider answers %s', async (_what, kind, which) => {
    const reply = bench[which];
    if (reply === null) return;
    bench.standIn.troubles.push({ on: 'any', what: 'reply', reply });
    const fault = await faultOf(bench.provider.list());
    expect(fault).toMatchObject({ kind, unclear: false });
    if (reply.headers?.['retry-after'] !== undefined) expect(fault.retryAfterMs).toBe(30_000);
    expect(fault.message).not.toContain(bench.secret);
    expect(await bench.provider.list()).toEqual([]);
  });

  it('are not lost when a connection breaks', async () => {
    if (bench.down === null) return;
    bench.standIn.troubles.push({ on: 'any', what: 'reset' });
    expect((await faultOf(bench.provider.list())).kind).toBe('provider_down');
    bench.standIn.troubles.push({ on: 'any', what: 'truncated' });
    const one = await bench.provider.order(wish()).catch((error: unknown) => error);
    expect(one instanceof ProviderFault && one.kind === 'provider_down').toBe(true);
  });

  it('show names that strangers chose without control characters, and take no such name for a tag', async () => {
    if (bench.addForeign === null) return;
    bench.addForeign(`tandem-\u001b[31mred\u202e${'x'.repeat(400)}`);
    const [foreign] = await bench.provider.list();
    expect(foreign!.tag).toBeNull();
    expect(foreign!.name).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(foreign!.name.length).toBeLessThanOrEqual(200);
  });

  it('that are not there are not found, and no id leads elsewhere', async () => {
    for (const id of ['../servers', 'a/b', '', '?x', 'i-00000000000000000', '6170692e-7363-616c-6577-999999999999']) {
      expect((await faultOf(bench.provider.show(id))).kind, id).toBe('not_found');
    }
  });
});
