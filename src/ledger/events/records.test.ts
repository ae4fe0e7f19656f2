import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from '../rating/canonical.ts';
import type { CallEnd } from './call.ts';
import { labelsIn, labelsOf } from './labels.ts';
import { admissionPayload, contextJson, finalPayload, parseAdmission, parseFinal } from './records.ts';

const ID = '01900000-0000-7000-8000-000000000001';
const attempt = { backendId: 'b', backendModel: 'm', outcome: 'failed', quantities: {}, cost: 3n, costPriceId: null, httpStatus: 503, ms: 4.25 } as const;
const end: CallEnd = {
  outcome: 'completed', quantities: { input: 2n, cache_write_1h: 1n, output: 1n }, counted: 'backend', finishReason: 'stop', streamed: true,
  timings: { queueMs: 0, connectMs: 1, firstTokenMs: 2, totalMs: 3 }, attempts: [attempt],
};
const read = (more: Partial<CallEnd>, released = false) => {
  const final = parseFinal(finalPayload(ID, 1, { ...end, ...more }, 70n, released, 900n));
  expect(canonicalJson(JSON.parse(final.attributes))).toBe(final.attributes);
  expect(canonicalJson(JSON.parse(final.quantities))).toBe(final.quantities);
  return { ...final, attributes: JSON.parse(final.attributes) as Record<string, unknown> };
};

test('an event says its dialect, route, user, tags and scenario, and of each attempt what it took, cost and brought in', () => {
  const final = read({
    dialect: 'messages', route: { target: 'eu-west', code: 'fallback', words: 'the first target answered 503' }, user: 'someone "quoted"', tags: ['nightly', 'größe'], scenario: 'summaries',
    attempts: [
      { ...attempt, backend: 'gpu 1', backendKey: 'team key', startedMs: 0, connectMs: 0.5 },
      { ...attempt, outcome: 'completed', quantities: { output: 1n }, cost: 9n, startedMs: 20.04, firstTokenMs: 33, hedged: true, countedBy: 'tokenizer', delivered: true },
      { ...attempt, cost: 1n, hedged: true },
    ],
  });
  expect(final.attributes).toMatchObject({
    dialect: 'messages', route: { target: 'eu-west', code: 'fallback', words: 'the first target answered 503' }, user: 'someone "quoted"', tags: ['nightly', 'größe'], scenario: 'summaries',
    attempts: [
      { backend: 'gpu 1', backendKey: 'team key', startedMs: 0, connectMs: 0.5, cost: '3', httpStatus: 503, ms: 4.3 },
      { startedMs: 20, firstTokenMs: 33, hedged: true, countedBy: 'tokenizer', cost: '9', charge: '70', quantities: { output: '1' } },
      { cost: '1', hedged: true },
    ],
  });
  // The caller pays once, for what was delivered; the operator pays for every attempt.
  expect((final.attributes['attempts'] as { charge?: string }[]).filter((one) => one.charge !== undefined)).toHaveLength(1);
  expect(final).toMatchObject({ charge: 70n, cost: 13n });
});

test('a call says no more than it has to: what is left out is not written', () => {
  const { attributes } = read({});
  expect(Object.keys(attributes)).toEqual(['attempts', 'finishReason', 'hold', 'streamed', 'timings']);
  expect(Object.keys((attributes['attempts'] as object[])[0]!)).toEqual(['backendId', 'backendModel', 'charge', 'cost', 'costPriceId', 'httpStatus', 'ms', 'outcome', 'quantities']);
  expect((read({}, true).attributes['attempts'] as object[])[0]).not.toHaveProperty('charge');
});

test('labels are bounded, and what the database cannot keep is taken out', () => {
  const { attributes } = read({ user: `${'x'.repeat(500)}`, tags: Array.from({ length: 30 }, (_, at) => `${at}${'y'.repeat(100)}`), scenario: 'a\u0000b\ud800', finishReason: 'st\u0000op' });
  expect((attributes['user'] as string).length).toBe(128);
  expect((attributes['tags'] as string[]).map((tag) => tag.length)).toEqual(Array.from({ length: 8 }, () => 64));
  expect(attributes).toMatchObject({ scenario: 'ab\ufffd', finishReason: 'stop' });
});

test('whatever a caller names, a budget holds it by the labels that its event is counted by', () => {
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.string({ unit: 'grapheme', maxLength: 200 }), fc.constantFrom('', 'a\u0000b', '\ud800', `${'x'.repeat(127)}\ud83d\ude00`));
  fc.assert(fc.property(fc.option(text), fc.array(text, { maxLength: 12 }), (user, tags) => {
    const { attributes } = parseFinal(finalPayload(ID, 1, { ...end, user, tags }, 0n, false, 0n));
    const held = labelsOf({ user, tags });
    expect(labelsIn(attributes)).toEqual(held);
    // And so does what a crash leaves of it.
    const windows = [{ budgetId: ID, windowStartMs: 0, counted: '' }, { budgetId: ID, windowStartMs: 5, counted: `=${held.user}` }];
    const context = { organisationId: ID, projectId: ID, keyId: null, resource: 'm', tier: 'standard', serviceTier: 'default', priceId: ID, currency: 'USD', windows, labels: held } as const;
    expect(parseAdmission(admissionPayload(ID, 5, 9n, contextJson(context))).context).toEqual(context);
  }), { numRuns: 300 });
});

test('an admission says its service tier; one of before there were any is of the default', () => {
  const context = { organisationId: ID, projectId: ID, keyId: null, resource: 'm', tier: 'standard', priceId: ID, currency: 'USD', windows: [] } as const;
  const flex = contextJson({ ...context, serviceTier: 'flex' });
  const plain = contextJson({ ...context, serviceTier: 'default' });
  expect(parseAdmission(admissionPayload(ID, 5, 9n, flex)).context).toEqual({ ...context, serviceTier: 'flex' });
  expect(plain).not.toContain('default');
  expect(parseAdmission(admissionPayload(ID, 5, 9n, plain)).context).toEqual({ ...context, serviceTier: 'default' });
});

test('a record is cut into its parts without being read, and one of an earlier version is read', () => {
  const quantities = '{"cache_write_1h":"1","input":"2","output":"1"}';
  expect(parseFinal(finalPayload(ID, 12, end, 70n, false, 900n))).toMatchObject({ id: ID, sequence: 12, outcome: 'completed', charge: 70n, cost: 3n, counted: 'backend', released: false, quantities, saysHold: true });
  expect(parseFinal(finalPayload(ID, 13, { ...end, attempts: [{ ...attempt, cost: null }] }, 0n, true, 900n))).toMatchObject({ sequence: 13, charge: 0n, cost: null, released: true, quantities: '{}' });
  const former = `["${ID}",3,"cut","5",null,"mixed",false,{"output":"1","input":"2"},{"timings":{"queueMs":0},"attempts":[]}]`;
  expect(parseFinal(former)).toEqual({
    id: ID, sequence: 3, outcome: 'cut', charge: 5n, cost: null, counted: 'mixed', released: false, saysHold: false, quantities: '{"input":"2","output":"1"}', attributes: '{"attempts":[],"timings":{"queueMs":0}}',
  });
});
