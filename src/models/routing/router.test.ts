import { describe, expect, test } from 'vitest';
import { ManualClock, type TandemError } from '../../base/index.ts';
import type { Alias } from '../registry/target.ts';
import { TEST_PRICE } from '../testing/fake-ledger.ts';
import { testAlias, testBackend, testTarget } from '../testing/targets.ts';
import type { AttemptEnd, Candidate } from './plan.ts';
import { noRoute } from './refusal.ts';
import { Router } from './router.ts';

const nothing = { body: {}, cacheKey: null };
const can = () => null;
const end = (outcome: AttemptEnd['outcome'], more: Partial<AttemptEnd> = {}): AttemptEnd => ({ outcome, reason: null, retryAfterSeconds: null, firstTokenMs: null, tokens: null, ...more });

function open(costs: Record<string, bigint> = {}) {
  const clock = new ManualClock();
  const router = new Router({
    clock, random: () => 0.5,
    prices: { priceAt: (_organisation, _resource, _tier, _at, side, backendId) => {
      const price = costs[String(backendId)];
      return side !== 'cost' || price === undefined ? undefined : { ...TEST_PRICE, side: 'cost', buckets: { input: { price, per: 1n }, output: { price, per: 1n } } };
    } },
  });
  const plan = (alias: Alias, request = nothing, lacks = can as () => string | null) => router.plan(alias, request, lacks, 'an organisation');
  const attempt = (candidate: Candidate, how: AttemptEnd) => {
    const begun = router.begin(candidate);
    begun?.end(how);
    return begun !== null;
  };
  return { clock, router, plan, attempt };
}

const names = ({ candidates }: { candidates: readonly Candidate[] }) => candidates.map(({ target, connection }) => (connection!.label === 'default' ? target.backend.name : connection!.label));

describe('a router', () => {
  test('takes no decision for a name with one target', () => {
    const { plan } = open();
    const alias = testAlias([testTarget('a')]);
    expect(plan(alias)).toBe(plan(alias));
  });

  test('shares calls by weight, exactly', () => {
    const { plan } = open();
    const alias = testAlias([testTarget('a', { weight: 3 }), testTarget('b', { weight: 1 })]);
    const first = Array.from({ length: 400 }, () => names(plan(alias))[0]);
    expect(first.filter((name) => name === 'a').length).toBe(300);
    expect(first.slice(0, 4)).toEqual(['a', 'a', 'b', 'a']);
  });

  test('leaves a target alone that fails, tries it again after a while, and takes it back when it is well', () => {
    const { clock, plan, attempt } = open();
    const alias = testAlias([testTarget('a'), testTarget('b')], { goal: 'order' });
    for (let call = 0; call < 5; call += 1) attempt(plan(alias).candidates[0]!, end('failed', { reason: 'the connection was refused' }));
    expect(names(plan(alias))).toEqual(['b']);
    expect(plan(alias).passed).toMatchObject([{ why: 'open', detail: 'the connection was refused' }]);
    clock.advance(6_000);
    const probe = plan(alias).candidates[0]!;
    expect([probe.target.backend.name, probe.why]).toEqual(['a', 'probe']);
    expect(attempt(probe, end('worked'))).toBe(true);
    attempt(plan(alias).candidates[0]!, end('worked'));
    expect(plan(alias).candidates[0]).toMatchObject({ why: 'order', target: { backend: { name: 'a' } } });
  });

  test('lets one call of many try a target that is half open, and tells the others to go on', () => {
    const { clock, router, plan, attempt } = open();
    const alias = testAlias([testTarget('a')]);
    for (let call = 0; call < 5; call += 1) attempt(plan(alias).candidates[0]!, end('failed'));
    clock.advance(6_000);
    const candidate = plan(alias).candidates[0]!;
    const one = router.begin(candidate);
    expect(one).not.toBeNull();
    expect(router.begin(candidate)).toBeNull();
    expect(plan(alias).candidates).toEqual([]);
    one!.end(end('left'));
    one!.end(end('left'));
    expect(plan(alias).candidates).toHaveLength(1);
  });

  test('turns through a backend\'s keys, rests one that is told to slow down, and refuses with a time when all rest', () => {
    const { clock, plan, attempt } = open();
    const alias = testAlias([testTarget(testBackend('a', [{ label: 'k1' }, { label: 'k2' }]))]);
    const first = Array.from({ length: 6 }, () => names(plan(alias))[0]);
    expect(first.filter((name) => name === 'k1').length).toBe(3);
    const [busy] = plan(alias).candidates;
    attempt(busy!, end('busy', { reason: 'it answered 429', retryAfterSeconds: 20 }));
    expect(names(plan(alias))).toEqual([busy!.connection!.label === 'k1' ? 'k2' : 'k1']);
    attempt(plan(alias).candidates[0]!, end('denied', { reason: 'it does not accept this server\'s key' }));
    const none = plan(alias);
    expect(none.candidates).toEqual([]);
    const refusal: TandemError = noRoute(none, 'team/big', clock.nowMs());
    expect([refusal.code, refusal.status, refusal.retryAfterSeconds]).toEqual(['backend_busy', 429, 20]);
    clock.advance(20_000);
    expect(names(plan(alias))).toEqual([busy!.connection!.label]);
  });

  test('keeps to a key\'s own limits and uses the others meanwhile', () => {
    const { plan, attempt } = open();
    const alias = testAlias([testTarget(testBackend('a', [{ label: 'small', requestsPerMinute: 2 }, { label: 'large', requestsPerMinute: 10 }]))]);
    const used = Array.from({ length: 12 }, () => {
      const [candidate] = plan(alias).candidates;
      attempt(candidate!, end('worked'));
      return candidate!.connection!.label;
    });
    expect(used.filter((label) => label === 'small').length).toBe(2);
    expect(plan(alias).candidates).toEqual([]);
  });

  test('goes to the cheapest by the cost lists, and to the fastest by what it has seen', () => {
    const { plan, attempt } = open({ 'id-of-dear': 50n, 'id-of-cheap': 2n });
    const targets = ['dear', 'unknown', 'cheap'].map((name) => testTarget(name));
    expect(names(plan(testAlias(targets, { goal: 'cheapest' })))).toEqual(['cheap', 'dear', 'unknown']);
    const fastest = testAlias(targets, { goal: 'fastest' });
    for (const [index, firstTokenMs] of [300, 100, 200].entries()) attempt({ target: targets[index]!, connection: targets[index]!.backend.connections[0]!, why: 'next' }, end('worked', { firstTokenMs }));
    expect(names(plan(fastest))).toEqual(['unknown', 'cheap', 'dear']);
  });

  test('sends prompts that begin alike to one target', () => {
    const { plan } = open();
    const alias = testAlias(['a', 'b', 'c'].map((name) => testTarget(name)), { goal: 'same-prefix' });
    const ask = (who: string, question: string) => plan(alias, { body: { messages: [{ role: 'system', content: `${who} `.repeat(400) }, { role: 'user', content: question }] }, cacheKey: null }).candidates[0]!;
    const first = ask('one', 'hello');
    expect(first.why).toBe('least-busy');
    expect(ask('one', 'good evening')).toMatchObject({ why: 'same-prefix', target: first.target });
  });

  test('knows what it knew when the registry is read again, and forgets what is gone', () => {
    const { router, plan, attempt } = open();
    const backend = testBackend('a');
    const alias = testAlias([testTarget(backend)]);
    for (let call = 0; call < 5; call += 1) attempt(plan(alias).candidates[0]!, end('failed'));
    router.states.keepOnly([testAlias([testTarget(backend)])], [backend]);
    expect(plan(testAlias([testTarget(backend)])).candidates).toEqual([]);
    expect(router.figures([alias, testAlias([testTarget(backend)])], [backend])).toEqual({ targets: [{ backend: 'a', model: 'big-70b', breaker: 'open', running: 0 }], keys: [{ backend: 'a', key: 'default', state: 'ready' }] });
    router.states.keepOnly([], []);
    expect(plan(testAlias([testTarget(backend)])).candidates).toHaveLength(1);
  });

  test('refuses what no target can do before anything is asked, and what is down with a time to come back', () => {
    const { clock, plan, attempt } = open();
    const alias = testAlias([testTarget('a'), testTarget('b')]);
    const lacking = noRoute(plan(alias, nothing, () => 'images'), 'team/big', clock.nowMs());
    expect([lacking.code, lacking.status, lacking.message]).toEqual(['unsupported_parameter', 400, 'images is not available for team/big: none of the models behind this name can do it.']);
    const search = noRoute(plan(alias, nothing, () => 'the tool web_search_20250305'), 'team/big', clock.nowMs(), { dialect: 'messages', what: 'the tool web_search_20250305' });
    expect(search.message).toBe('the tool web_search_20250305 is not available for team/big: only a backend that speaks Messages runs it, and none behind this name does.');
    for (let call = 0; call < 10; call += 1) attempt(plan(alias).candidates[0]!, end('failed', { reason: 'it answered with HTTP status 500' }));
    const down = noRoute(plan(alias), 'team/big', clock.nowMs());
    expect([down.code, down.status]).toEqual(['backend_unreachable', 503]);
    expect(down.retryAfterSeconds).toBeGreaterThanOrEqual(5);
  });
});
