import { expect, test } from 'vitest';
import { METRICS, type Limit } from '../limits/limit.ts';
import { ruleOf, rulesFor as rulesIn, type Caller, type Rules } from './rules.ts';

const [ORG, PROJECT, KEY] = ['org', 'project', 'key'];
const caller = { organisationId: ORG, projectId: PROJECT, keyId: KEY, resource: 'team/big' };
let made = 0;
const limit = (scopeKind: Limit['scopeKind'], scopeId: string, subjectKind: Limit['subjectKind'] = null, subject: string | null = null, metric: Limit['metric'] = 'requests'): Limit => {
  made += 1;
  return { id: `limit-${made}`, organisationId: ORG, scopeKind, scopeId, successors: [], subjectKind, subject, metric, amount: 1n };
};
const rulesFor = (limits: readonly Limit[], of: Caller): Rules<Limit> =>
  rulesIn((kind, id) => limits.filter((one) => one.scopeKind === kind && (one.scopeId === id || one.successors.includes(id))), of, { all: METRICS, of: ({ metric }) => metric });
const chosen = (limits: readonly Limit[], of: Caller = caller) => rulesFor(limits, of).fixed.map(({ limit: { id }, counted }) => [id, counted]);

test('organisation, project and key hold together, since they count different calls', () => {
  const [a, b, c] = [limit('organisation', ORG), limit('project', PROJECT), limit('key', KEY)];
  expect(chosen([a, b, c, limit('project', 'other'), limit('key', 'other')])).toEqual([[a.id, null], [b.id, null], [c.id, null]]);
});

test('a key\'s own limit goes before its project\'s for each key, and that before the organisation\'s', () => {
  const [wide, middle, own] = [limit('organisation', ORG, 'key'), limit('project', PROJECT, 'key'), limit('key', KEY)];
  expect(chosen([wide])).toEqual([[wide.id, KEY]]);
  expect(chosen([wide, middle])).toEqual([[middle.id, KEY]]);
  expect(chosen([wide, middle, own])).toEqual([[own.id, null]]);
  // Another metric is another matter.
  const tokens = limit('organisation', ORG, 'key', null, 'tokens');
  expect(chosen([tokens, own])).toEqual([[own.id, null], [tokens.id, KEY]]);
});

test('a rotated key is held by the limit of the key that it follows', () => {
  const own = { ...limit('key', 'before'), successors: [KEY] };
  expect(chosen([own])).toEqual([[own.id, null]]);
});

test('a project\'s own limit goes before the organisation\'s for each project', () => {
  const [each, own] = [limit('organisation', ORG, 'project'), limit('project', PROJECT)];
  expect(chosen([each])).toEqual([[each.id, PROJECT]]);
  expect(chosen([each, own])).toEqual([[own.id, null]]);
});

test('a model is held by name or as each one, in every scope that says so', () => {
  const [wide, named, near] = [limit('organisation', ORG, 'model'), limit('organisation', ORG, 'model', 'team/big'), limit('key', KEY, 'model')];
  expect(chosen([wide, near])).toEqual([[wide.id, 'team/big'], [near.id, 'team/big']]);
  expect(chosen([wide, named, near])).toEqual([[named.id, null], [near.id, 'team/big']]);
  expect(chosen([limit('organisation', ORG, 'model', 'other')])).toEqual([]);
});

test('users and tags are found when a call names them', () => {
  const [each, named, wide] = [limit('project', PROJECT, 'user'), limit('project', PROJECT, 'user', 'ada'), limit('organisation', ORG, 'user')];
  const { users, tags, fixed } = rulesFor([each, named, wide, limit('project', PROJECT, 'tag', 'beta')], caller);
  expect(fixed).toEqual([]);
  expect(users.map((rules) => ruleOf(rules, 'ada')?.limit.id)).toEqual([wide.id, named.id]);
  expect(users.map((rules) => ruleOf(rules, 'bob')?.counted)).toEqual(['bob', 'bob']);
  expect(tags.map((rules) => ruleOf(rules, 'other'))).toEqual([undefined]);
});

test('a caller without a key is held by no key\'s limit', () => {
  expect(chosen([limit('organisation', ORG, 'key'), limit('key', KEY)], { ...caller, keyId: null })).toEqual([]);
});
