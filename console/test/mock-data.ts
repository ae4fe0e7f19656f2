import type { Schemas } from '../src/api/client.ts';
import { NOW, id, resetIds } from './mock-basics.ts';
import { fullFleet, nothingInFleet } from './mock-fleet.ts';
import { fullOrders } from './mock-orders.ts';
import type { Order } from './mock-orders.ts';
import type { Fleet } from './mock-fleet.ts';
import { fullOutgoing, nothingOutgoing } from './mock-outgoing.ts';
import type { Outgoing } from './mock-outgoing.ts';
import { callsOf } from './mock-sight.ts';

export { NOW, id };

export const MONTH = '2026-11';
const ago = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();
const DAY = 24 * 60;

type Buckets = Schemas['Price']['buckets'];
const perMillion = (usd: string): { price: string; per: string } => {
  const [whole, fraction = ''] = usd.split('.');
  return { price: BigInt(`${whole}${fraction.padEnd(12, '0')}`).toString(), per: '1000000' };
};
const prices = (input: string, cached: string, output: string): Buckets => ({ input: perMillion(input), cache_read: perMillion(cached), output: perMillion(output) });
const LOCAL = prices('0.02', '0.002', '0.08');
const SPARK = prices('1.25', '0.15', '4.25');
const FAST = prices('0.3', '0.03', '0.9');

export interface World {
  organisation: { id: string; name: string; slug: string; currency: string; billing: 'postpaid' | 'prepaid'; store: boolean; createdAt: string };
  projects: Schemas['Project'][];
  keys: Schemas['Key'][];
  models: Schemas['Model'][];
  backends: Schemas['Backend'][];
  prices: Schemas['Price'][];
  budgets: Schemas['Budget'][];
  limits: Schemas['Limit'][];
  usage: Schemas['UsageEvent'][];
  calls: Schemas['Request'][];
  lines: Schemas['Bill']['lines'];
  invoices: (Schemas['Invoice'] & { lines: Schemas['Bill']['lines']; adjustmentList: { id: string; amount: string; reason: string; author: string; at: string }[]; hash: string })[];
  credits: Schemas['Credit'][];
  members: Schemas['Member'][];
  invitations: Schemas['Invitation'][];
  accounts: Schemas['ServiceAccount'][];
  events: Schemas['AuditEvent'][];
  outgoing: Outgoing;
  fleet: Fleet;
  orders: Order[];
  problems: { id: string; title: string; state: 'pass' | 'warn' | 'fail'; detail: string; next: string | null }[];
}

export function emptyWorld(): World {
  resetIds();
  return {
    organisation: { id: id(), name: 'Harbour Mobile', slug: 'harbour-mobile', currency: 'USD', billing: 'postpaid', store: true, createdAt: ago(47 * DAY) },
    projects: [], keys: [], models: [], backends: [], prices: [], budgets: [], limits: [], usage: [], calls: [], lines: [], invoices: [], credits: [], members: [], invitations: [], accounts: [], events: [], outgoing: nothingOutgoing(), fleet: nothingInFleet(), orders: [], problems: [],
  };
}

const charge = (quantities: Schemas['UsageEvent']['quantities'], buckets: Buckets): bigint => (['input', 'cache_read', 'output'] as const)
  .reduce((sum, bucket) => sum + (BigInt(quantities[bucket] ?? 0) * BigInt(buckets[bucket]?.price ?? 0)) / 1_000_000n, 0n);

/** A house in its second month: three projects, a dozen keys, three models, a budget that is nearly spent. */
export function fullWorld(): World {
  const world = emptyWorld();
  const owner = { kind: 'member' as const, id: id(), label: 'Ines Okafor' };
  const robot = { kind: 'service-account' as const, id: id(), label: 'ci' };
  world.projects = ['iOS app', 'Support assistant', 'Research'].map((name, index) => ({ id: id(), name, slug: name.toLowerCase().replaceAll(' ', '-'), tier: index === 2 ? 'contributor' as const : 'standard' as const, store: true, paysAttempts: null, createdAt: ago((46 - index * 9) * DAY), archivedAt: null }));
  const [ios, support, research] = world.projects as [Schemas['Project'], Schemas['Project'], Schemas['Project']];
  const ready = { state: 'ready' as const, reason: null, since: ago(190) };
  const key = (label: string, more: Partial<Schemas['Backend']['keys'][number]> = {}): Schemas['Backend']['keys'][number] => ({
    label, requestsPerMinute: null, tokensPerMinute: null, parallel: null, state: 'ready', reason: null, since: null, againAt: null, ...more,
  });
  const local: Schemas['Backend'] = { id: id(), name: 'This machine', kind: 'local', url: null, options: {}, keys: [], hasKey: false, enabled: true, health: ready, from: 'built-in', createdAt: ago(47 * DAY) };
  const vllm: Schemas['Backend'] = { id: id(), name: 'vLLM on gpu-2', kind: 'openai-compatible', url: 'https://gpu-2.harbour.example/v1', options: {}, keys: [key('default')], hasKey: true, enabled: true, health: { state: 'degraded', reason: '3 of the last 20 calls timed out.', since: ago(26) }, from: 'config', createdAt: ago(40 * DAY) };
  const meta: Schemas['Backend'] = { id: id(), name: 'Meta Model API', kind: 'openai-compatible', url: 'https://api.meta.example/v1', options: {}, keys: [key('team-a', { requestsPerMinute: 600 }), key('team-b', { requestsPerMinute: 600, state: 'resting', reason: 'it answered with HTTP status 429', since: ago(1), againAt: ago(-1) })], hasKey: true, enabled: true, health: ready, from: 'api', createdAt: ago(32 * DAY) };
  world.backends = [local, vllm, meta];
  const limits: Schemas['Model']['limits'] = { attempts: 3, attemptsWithinSeconds: 600, connectSeconds: 10, headSeconds: 600, firstTokenSeconds: 300, gapSeconds: 120, wholeSeconds: 1800, hedge: null };
  const target = (backend: Schemas['Backend'], name: string, cost: Buckets | null, contextTokens: number, maxOutputTokens: number, more: Partial<Schemas['Model']['targets'][number]> = {}): Schemas['Model']['targets'][number] => ({
    backend: { id: backend.id, name: backend.name, kind: backend.kind }, model: name, weight: 1, order: 0, region: null, enabled: true, contextTokens, maxOutputTokens, outputLimitField: 'max_tokens', can: {},
    health: backend.health, breaker: { state: 'closed', reason: null, since: null, againAt: null }, running: 2, firstTokenMs: 240, cost, ...more,
  });
  const model = (name: string, price: Buckets | null, targets: Schemas['Model']['targets'], more: Partial<Schemas['Model']> = {}): Schemas['Model'] => {
    const [first] = targets;
    return {
      name, goal: 'weights', regions: [], limits, targets, from: 'api', backend: first!.backend, backendModel: first!.model, contextTokens: first!.contextTokens, maxOutputTokens: first!.maxOutputTokens, cost: first!.cost ?? null,
      health: first!.health, enabled: true, price, currency: 'USD', createdAt: ago(32 * DAY), ...more,
    };
  };
  const down = { state: 'open' as const, reason: 'the connection was refused', since: ago(4), againAt: ago(-1) };
  world.models = [
    model('tandem/local', LOCAL, [target(local, 'SmolLM2-135M-Instruct Q4_1', null, 8192, 2048)], { from: 'built-in' }), model('muse-spark', SPARK, [target(meta, 'muse-spark-1', SPARK, 262_144, 16_384)]),
    model('team/fast', FAST, [target(vllm, 'Qwen3-30B-A3B', prices('0.11', '0.011', '0.31'), 131_072, 8192, { weight: 3, region: 'eu', breaker: down, running: 0 }), target(meta, 'muse-spark-1', SPARK, 262_144, 16_384, { region: 'us', order: 1, can: { logprobs: false } })], {
      goal: 'same-prefix', regions: ['eu', 'us'], limits: { ...limits, hedge: { afterMs: 800, share: 0.05 } }, health: { state: 'degraded', reason: '1 of 2 targets rest: the connection was refused', since: ago(4) }, from: 'config',
    }),
  ];
  const priced = (resource: string, tier: 'standard' | 'contributor', buckets: Buckets, from: number, to: number | null, source: string): Schemas['Price'] => ({
    id: id(), resource, tier, side: 'sell', backendId: null, currency: 'USD', buckets, flexBuckets: null, effectiveFrom: ago(from), effectiveTo: to === null ? null : ago(to), source, createdAt: ago(from), createdBy: from > 46 * DAY ? 'system' : owner.label,
  });
  world.prices = [
    priced('tandem/local', 'standard', LOCAL, 12 * DAY, null, 'power and depreciation, November'), priced('tandem/local', 'standard', prices('0.05', '0.005', '0.15'), 47 * DAY, 12 * DAY, 'default'),
    priced('muse-spark', 'standard', SPARK, 47 * DAY, null, 'Meta, published 2026-10'), priced('muse-spark', 'contributor', prices('0.10', '0.002', '0.20'), 47 * DAY, null, 'Meta, published 2026-10'),
    priced('team/fast', 'standard', FAST, 40 * DAY, -8 * DAY, 'finance, Q4 plan'), priced('team/fast', 'standard', prices('0.28', '0.028', '0.85'), -8 * DAY, null, 'finance, Q4 plan'),
    priced('gpu/h100-80gb', 'standard', { minute: { price: '2500000000000', per: '60' } }, 30 * DAY, null, 'finance, Q4 plan'),
  ];
  const rows: readonly (readonly [string, Schemas['Project'], string, readonly [bigint, bigint, bigint, bigint]])[] = [
    ['App Store build', ios, 'muse-spark', [18_204n, 21_408_113n, 9_204_551n, 3_118_402n]], ['TestFlight', ios, 'team/fast', [9120n, 6_003_220n, 801_224n, 1_441_093n]],
    ['Nightly evals', research, 'team/fast', [42_019n, 88_120_441n, 31_000_873n, 12_004_118n]], ['Zendesk replies', support, 'muse-spark', [6302n, 5_220_187n, 3_907_220n, 804_399n]],
    ['Zendesk triage', support, 'tandem/local', [20_933n, 9_113_008n, 2_204_114n, 1_093_277n]], ['Autocomplete', ios, 'tandem/local', [51_207n, 14_870_552n, 7_119_043n, 2_006_418n]],
    ['Notebook of Ravi', research, 'muse-spark', [412n, 1_804_233n, 220_118n, 190_447n]], ['Red team', research, 'tandem/local', [1877n, 603_441n, 0n, 240_118n]],
  ];
  world.keys = rows.map(([name, project], index) => ({
    id: id(), name, prefix: `tdm_${['Q7kd', 'm2Xv', 'Zr9a', 'h4Ty', 'B8nw', 'c1Lp', 'Yx6e', 'J3sg'][index]}`, projectId: project.id, projectName: project.name, role: 'developer' as const, owner: index % 3 === 2 ? robot : owner,
    models: index === 5 ? ['tandem/local'] : null, budget: null, state: 'active' as const, createdAt: ago((44 - index * 5) * DAY), expiresAt: index === 6 ? ago(-21 * DAY) : null, revokedAt: null, lastUsedAt: ago([1, 3, 0, 7, 2, 0, 1900, 9000][index] ?? 5), replacedBy: null, cacheSeconds: null,
  }));
  const limited: readonly (readonly [number, string, string, 'day' | 'month' | 'total'])[] = [[0, '60000000000000', '42103370000000', 'month'], [2, '40000000000000', '38170044270000', 'month'], [4, '1000000000000', '26113090000', 'day'], [6, '25000000000000', '3097700000000', 'total']];
  for (const [place, amount, spent, period] of limited) {
    const key = world.keys[place]!;
    const budgetId = id();
    key.budget = { id: budgetId, amount, spent, period };
    const held = place === 2 ? '120400000000' : '0';
    world.budgets.push({ id: budgetId, scope: { kind: 'key', id: key.id, name: key.name }, subject: null, holder: `key ${key.name}`, each: null, amount, currency: 'USD', period, spent, held, left: (BigInt(amount) - BigInt(spent) - BigInt(held)).toString(), windowStart: '2026-11-01T00:00:00.000Z', windowEnd: period === 'total' ? null : period === 'day' ? '2026-11-24T00:00:00.000Z' : '2026-12-01T00:00:00.000Z', createdAt: key.createdAt, alertShares: [] });
  }
  const extra = (name: string, prefix: string, state: 'revoked' | 'expired' | 'rotating'): Schemas['Key'] => ({ ...world.keys[3]!, id: id(), name, prefix, state, budget: null, createdAt: ago(45 * DAY), revokedAt: state === 'revoked' ? ago(9 * DAY) : null, expiresAt: ago(2 * DAY), lastUsedAt: state === 'rotating' ? ago(12) : ago(10 * DAY) });
  world.keys.push(extra('Zendesk replies (old)', 'tdm_u5Rk', 'rotating'), extra('Hackathon', 'tdm_a0Vd', 'expired'), extra('Laptop of Tom', 'tdm_W2fj', 'revoked'));
  world.lines = rows.map(([, project, resource, [requests, input, cached, output]], index) => {
    const quantities = { input: input.toString(), cache_read: cached.toString(), output: output.toString() };
    const buckets = resource === 'muse-spark' ? (project === research ? prices('0.10', '0.002', '0.20') : SPARK) : resource === 'team/fast' ? FAST : LOCAL;
    const total = charge(quantities, buckets);
    return { projectId: project.id, projectName: project.name, keyId: world.keys[index]!.id, keyName: rows[index]![0], resource, requests: requests.toString(), quantities, charge: total.toString(), cost: ((total * (resource === 'tandem/local' ? 61n : 83n)) / 100n).toString() };
  });
  world.lines.push({ projectId: ios.id, projectName: ios.name, keyId: null, keyName: null, resource: 'tandem/local', requests: '14', quantities: { input: '1204', cache_read: '310', output: '1880' }, charge: charge({ input: '1204', cache_read: '310', output: '1880' }, LOCAL).toString(), cost: null });
  world.usage = Array.from({ length: 12 }, (_, index) => {
    const line = world.lines[0]!;
    const quantities = { input: String(812 + index * 37), cache_read: String(index % 3 === 0 ? 512 : 0), output: String(96 + ((index * 53) % 310)) };
    return { id: id(), kind: 'chat', resource: line.resource, serviceTier: 'default' as const, projectId: line.projectId, projectName: line.projectName, keyId: line.keyId, keyName: line.keyName, occurredAt: ago(1 + index * 4), recordedAt: ago(1 + index * 4), quantities, charge: charge(quantities, SPARK).toString(), cost: null, currency: 'USD', outcome: index === 4 ? 'client_left' : 'completed', counted: 'backend', attributes: {} };
  });
  world.outgoing = fullOutgoing(support.id);
  world.fleet = fullFleet(support.id);
  world.orders = fullOrders(world.fleet.nodes[0]!.id);
  world.calls = callsOf(world);
  world.budgets.unshift(
    { id: id(), scope: { kind: 'organisation', id: world.organisation.id, name: world.organisation.name }, subject: null, holder: `organisation ${world.organisation.name}`, each: null, amount: '250000000000000', currency: 'USD', period: 'month', spent: world.lines.reduce((sum, line) => sum + BigInt(line.charge), 0n).toString(), held: '311000000000', left: '0', windowStart: '2026-11-01T00:00:00.000Z', windowEnd: '2026-12-01T00:00:00.000Z', createdAt: ago(40 * DAY), alertShares: [50, 80, 100] },
    { id: id(), scope: { kind: 'project', id: research.id, name: research.name }, subject: null, holder: `project ${research.name}`, each: null, amount: '45000000000000', currency: 'USD', period: 'month', spent: '38480000000000', held: '120400000000', left: '0', windowStart: '2026-11-01T00:00:00.000Z', windowEnd: '2026-12-01T00:00:00.000Z', createdAt: ago(30 * DAY), alertShares: [] },
    { id: id(), scope: { kind: 'project', id: ios.id, name: ios.name }, subject: { kind: 'user', name: null }, holder: `each user of project ${ios.name}`, amount: '2000000000000', currency: 'USD', period: 'month', spent: '1630220000000', held: '2100000000', left: '0', windowStart: '2026-11-01T00:00:00.000Z', windowEnd: '2026-12-01T00:00:00.000Z', createdAt: ago(12 * DAY), alertShares: [80],
      each: { names: 312, exhausted: 0, most: [{ name: 'u-7f31', label: 'u-7f31', spent: '1630220000000', held: '2100000000' }, { name: 'u-02ac', label: 'u-02ac', spent: '1204110000000', held: '0' }, { name: '', label: '', spent: '880000000000', held: '0' }] } },
  );
  const held = (scope: Schemas['Limit']['scope'], subject: Schemas['Limit']['subject'], metric: Schemas['Limit']['metric'], amount: number, holder: string): Schemas['Limit'] => ({ id: id(), scope, subject, metric, amount, holder, createdAt: ago(20 * DAY) });
  world.limits.push(
    held({ kind: 'project', id: ios.id, name: ios.name }, { kind: 'user', name: null }, 'requests', 20, `each user of project ${ios.name}`),
    held({ kind: 'organisation', id: world.organisation.id, name: world.organisation.name }, { kind: 'model', name: 'muse-spark' }, 'tokens', 400_000, `model muse-spark of organisation ${world.organisation.name}`),
    held({ kind: 'project', id: research.id, name: research.name }, null, 'parallel', 8, `project ${research.name}`),
  );
  for (const budget of world.budgets) budget.left = (BigInt(budget.amount) - BigInt(budget.spent) - BigInt(budget.held)).toString();
  world.invoices = [{
    id: id(), number: 'HM-2026-0001', month: '2026-10', currency: 'USD', total: '61204118230400', credits: '50000000000000', adjustments: '-1250000000000', due: '9954118230400', closedAt: ago(21 * DAY + 600), hash: '8f2c1ab04d6e9b3375c0de51f7a98e2c4410d3b7ce6f28a1905b7d44e3c9a612',
    lines: world.lines.slice(0, 4).map((line, index) => ({ ...line, charge: ['30110004120000', '18002113990000', '9080000120400', '4012000000000'][index] ?? '0' })),
    adjustmentList: [{ id: id(), amount: '-1250000000000', reason: 'Outage of gpu-2 on 14 October', author: owner.label, at: ago(18 * DAY) }],
  }];
  world.credits = [
    { id: id(), kind: 'prepaid', amount: '50000000000000', left: '0', currency: 'USD', grantedAt: ago(45 * DAY), expiresAt: null, reason: 'Transfer of 9 October', author: owner.label },
    { id: id(), kind: 'grant', amount: '20000000000000', left: '12450118000000', currency: 'USD', grantedAt: ago(20 * DAY), expiresAt: '2026-12-31T00:00:00.000Z', reason: 'Welcome', author: 'system' },
  ];
  world.members = [
    { id: owner.id, email: 'ines@harbour.example', name: owner.label, role: 'owner', createdAt: ago(47 * DAY), signInBy: ['link', 'oidc'] },
    { id: id(), email: 'ravi@harbour.example', name: 'Ravi Menon', role: 'admin', createdAt: ago(41 * DAY), signInBy: ['oidc'] },
    { id: id(), email: 'tom@harbour.example', name: 'Tom Lindqvist', role: 'developer', createdAt: ago(12 * DAY), signInBy: ['link'] },
  ];
  world.invitations = [{ id: id(), email: 'yuki@harbour.example', role: 'viewer', invitedBy: owner.label, createdAt: ago(DAY), expiresAt: ago(-6 * DAY), state: 'open' }, { id: id(), email: 'tom@harbour.example', role: 'developer', invitedBy: owner.label, createdAt: ago(13 * DAY), expiresAt: ago(6 * DAY), state: 'accepted' }];
  world.accounts = [{ id: robot.id, name: 'ci', role: 'developer', projectId: null, createdAt: ago(40 * DAY), disabledAt: null }, { id: id(), name: 'nightly-evals', role: 'developer', projectId: research.id, createdAt: ago(31 * DAY), disabledAt: null }];
  const changes: readonly (readonly [string, string, Record<string, unknown>])[] = [
    ['budget.update', 'budget', { amount: { before: '35000000000000', after: '40000000000000' } }], ['key.rotate', 'key', { replacedBy: { before: null, after: world.keys[3]!.id } }], ['price.create', 'price', { resource: 'team/fast' }],
    ['member.update', 'member', { role: { before: 'developer', after: 'admin' } }], ['key.create', 'key', { name: 'Notebook of Ravi' }], ['invitation.create', 'invitation', { email: 'yuki@harbour.example' }], ['backend.create', 'backend', { name: 'Meta Model API' }], ['key.revoke', 'key', { state: { before: 'active', after: 'revoked' } }],
  ];
  world.events = changes.map(([action, resourceKind, change], index) => ({ sequence: 212 - index, id: id(), at: ago(14 + index * index * 160), actor: index % 3 === 1 ? { kind: 'member' as const, id: world.members[1]!.id, label: 'Ravi Menon' } : owner, action, resourceKind, resourceId: id(), change, hash: `${(212 - index).toString(16)}c41d8e09b7`.repeat(5).slice(0, 64) }));
  world.problems = [{ id: 'backend', title: 'vLLM on gpu-2 is degraded', state: 'warn', detail: '3 of the last 20 calls timed out; callers were served by a retry.', next: 'Look at the machine, then check it: Settings, Backends, vLLM on gpu-2.' }];
  return world;
}
