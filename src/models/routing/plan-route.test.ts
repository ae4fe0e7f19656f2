import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GOALS, type Alias } from '../registry/target.ts';
import { testAlias, testBackend, testTarget } from '../testing/targets.ts';
import { planRoute, type TargetNow } from './plan-route.ts';

const well = (alias: Alias, more: readonly Partial<TargetNow>[] = []): TargetNow[] => alias.targets.map((target, index) => ({
  connections: target.backend.connections, keys: null, breaker: 'closed', open: null, running: 0, firstTokenMs: null, cost: null, credit: 0, prefixBlocks: 0, ...more[index],
}));
const plan = (alias: Alias, more: readonly Partial<TargetNow>[] = [], lacks: (name: string) => string | null = () => null, random = () => 0.5) =>
  planRoute({ alias, now: well(alias, more), lacks: ({ backend }) => lacks(backend.name), random });
const names = ({ candidates }: ReturnType<typeof plan>) => candidates.map(({ target }) => target.backend.name);

describe('a plan', () => {
  test('of one target says that there is no other', () => {
    expect(plan(testAlias([testTarget('a')])).candidates).toMatchObject([{ why: 'only', target: { backend: { name: 'a' } }, connection: { label: 'default' } }]);
  });

  test('takes the cheapest, and one without a known cost last', () => {
    const made = plan(testAlias(['a', 'b', 'c'].map((name) => testTarget(name)), { goal: 'cheapest' }), [{ cost: null }, { cost: 20n }, { cost: 3n }]);
    expect([names(made), made.candidates.map(({ why }) => why)]).toEqual([['c', 'b', 'a'], ['cheapest', 'next', 'next']]);
  });

  test('takes the fastest, those that were never seen before it, and now and then another', () => {
    const alias = testAlias(['a', 'b', 'c'].map((name) => testTarget(name)), { goal: 'fastest' });
    const seen = [{ firstTokenMs: 900 }, { firstTokenMs: 200 }, { firstTokenMs: 400 }];
    expect(names(plan(alias, seen))).toEqual(['b', 'c', 'a']);
    expect(names(plan(alias, [...seen.slice(0, 2), {}]))).toEqual(['c', 'b', 'a']);
    const first = Array.from({ length: 1_000 }, (_, at) => names(plan(alias, seen, undefined, () => at / 1_000))[0]);
    expect(first.filter((name) => name !== 'b').length).toBe(20);
  });

  test('takes the lesser of two that chance names', () => {
    const alias = testAlias(['a', 'b', 'c', 'd'].map((name) => testTarget(name)), { goal: 'least-busy' });
    const running = [5, 1, 9, 3].map((calls) => ({ running: calls }));
    const chances = [0.9, 0.3];
    expect(names(plan(alias, running, undefined, () => chances.shift()!))[0]).toBe('d');
    expect(names(plan(testAlias(['a', 'b'].map((name) => testTarget(name)), { goal: 'least-busy' }), running))).toEqual(['b', 'a']);
  });

  test('follows a prompt\'s beginning, but not to a target that has far more to do than the others', () => {
    const alias = testAlias(['a', 'b', 'c'].map((name) => testTarget(name)), { goal: 'same-prefix' });
    const held = plan(alias, [{}, { prefixBlocks: 9, running: 4 }, {}]);
    expect([names(held)[0], held.candidates[0]!.why]).toEqual(['b', 'same-prefix']);
    const busy = plan(alias, [{}, { prefixBlocks: 9, running: 40 }, {}]);
    expect([names(busy).at(-1), busy.candidates[0]!.why]).toEqual(['b', 'least-busy']);
  });

  test('goes through regions in their order, and keeps an attempt for another region', () => {
    const targets = [testTarget('eu1', { region: 'eu' }), testTarget('us1', { region: 'us' }), testTarget('eu2', { region: 'eu' }), testTarget('eu3', { region: 'eu' }), testTarget('nowhere')];
    const alias = testAlias(targets, { goal: 'order', regions: ['eu', 'us'], limits: { ...testAlias(targets).limits, attempts: 3 } });
    expect(names(plan(alias))).toEqual(['eu1', 'eu2', 'us1', 'eu3', 'nowhere']);
    expect(names(plan({ ...alias, limits: { ...alias.limits, attempts: 9 } }))).toEqual(['eu1', 'eu2', 'eu3', 'us1', 'nowhere']);
    expect(names(plan({ ...alias, limits: { ...alias.limits, attempts: 1 } }))).toEqual(['eu1', 'eu2', 'eu3', 'us1', 'nowhere']);
  });

  test('sets `order` before the goal', () => {
    const alias = testAlias([testTarget('a', { order: 2 }), testTarget('b', { order: 1 }), testTarget('c', { order: 2 })], { goal: 'cheapest' });
    expect(names(plan(alias, [{ cost: 5n }, { cost: 9n }, { cost: 1n }]))).toEqual(['b', 'c', 'a']);
  });

  test('tries a target\'s other keys after every target was tried', () => {
    const alias = testAlias([testTarget(testBackend('a', [{ label: 'one' }, { label: 'two' }])), testTarget('b')], { goal: 'order' });
    expect(plan(alias).candidates.map(({ target, connection }) => `${target.backend.name}/${connection!.label}`)).toEqual(['a/one', 'b/default', 'a/two']);
  });

  test('says of each target that is left out why, and when it may be tried again', () => {
    const alias = testAlias([testTarget('off', { enabled: false }), testTarget('bare'), testTarget('open'), testTarget('resting'), testTarget('good')]);
    const made = plan(alias, [{}, {}, { breaker: 'open', open: { reason: 'HTTP 500', againAtMs: 5 } }, { connections: [], keys: { reason: 'HTTP 429', againAtMs: 9 } }], (name) => (name === 'bare' ? 'images' : null));
    expect(names(made)).toEqual(['good']);
    expect(made.candidates[0]!.why).toBe('weights');
    expect(made.passed.map(({ why, detail, againAtMs }) => [why, detail, againAtMs])).toEqual([
      ['off', 'it is switched off here', null], ['lacks', 'images', null], ['open', 'HTTP 500', 5], ['keys', 'HTTP 429', 9],
    ]);
  });

  test('marks a target whose breaker is half open, which stands where it always stands', () => {
    const made = plan(testAlias([testTarget('a'), testTarget('b')], { goal: 'order' }), [{ breaker: 'half-open' }]);
    expect(made.candidates.map(({ target, why }) => [target.backend.name, why])).toEqual([['a', 'probe'], ['b', 'next']]);
  });
});

const state = fc.record({
  breaker: fc.constantFrom('closed', 'half-open', 'open'), running: fc.nat(20), firstTokenMs: fc.option(fc.nat(5_000)), cost: fc.option(fc.bigInt(0n, 100n)),
  credit: fc.integer({ min: -20, max: 20 }), prefixBlocks: fc.nat(3), hasWay: fc.boolean(), lacking: fc.boolean(), weight: fc.nat(5), order: fc.nat(2), region: fc.constantFrom(null, 'eu', 'us', 'ap'),
});

test('whatever the targets do: each one is a candidate or passed over, never both, and none twice by the same key', () => {
  fc.assert(fc.property(fc.array(state, { minLength: 1, maxLength: 8 }), fc.constantFrom(...GOALS), fc.integer({ min: 1, max: 5 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (states, goal, attempts, chance) => {
    const base = testAlias(states.map(({ weight, order, region }, index) => testTarget(`t${index}`, { weight, order, region })), { goal, regions: ['us', 'eu'] });
    const alias = { ...base, limits: { ...base.limits, attempts } };
    const lacking = new Set(states.flatMap((one, index) => (one.lacking ? [`t${index}`] : [])));
    const made = plan(alias, states.map(({ hasWay, breaker, running, firstTokenMs, cost, credit, prefixBlocks }, index) => ({ breaker, running, firstTokenMs, cost, credit, prefixBlocks, connections: hasWay ? alias.targets[index]!.backend.connections : [] })), (name) => (lacking.has(name) ? 'tools' : null), () => chance);
    const tried = names(made);
    expect(new Set(tried).size).toBe(tried.length);
    expect([...tried, ...made.passed.map(({ target }) => target.backend.name)].toSorted()).toEqual(states.map((_, index) => `t${index}`).toSorted());
    for (const [index, one] of states.entries()) expect(tried.includes(`t${index}`)).toBe(one.hasWay && !one.lacking && one.breaker !== 'open');
    const regions = new Set(made.candidates.map(({ target }) => target.region));
    if (attempts > 1 && regions.size > 1) expect(new Set(made.candidates.slice(0, attempts).map(({ target }) => target.region)).size).toBeGreaterThan(1);
    expect(made.candidates.filter(({ why }) => why !== 'next' && why !== 'probe').length).toBeLessThanOrEqual(1);
  }));
});
