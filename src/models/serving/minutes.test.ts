import fc from 'fast-check';
import { expect, test } from 'vitest';
import { costsOf } from './minutes.ts';
import { splitMinutes } from './split.ts';

test('what the books are told of the calls is what the minutes with tokens cost, to the picodollar, each call once and with its caller', () => {
  const answer = fc.record({ from: fc.integer({ min: 0, max: 500_000 }), ms: fc.integer({ min: 0, max: 200_000 }), tokens: fc.bigInt({ min: 0n, max: 10_000n }), caller: fc.constantFrom('acme', 'tenant') });
  fc.assert(fc.property(fc.array(fc.bigInt({ min: 0n, max: 10n ** 13n }), { minLength: 1, maxLength: 9 }), fc.array(answer, { maxLength: 20 }), (costs, answers) => {
    const made = answers.map(({ from, ms, tokens, caller }, at) => ({ organisationId: caller, eventId: `event-${at}`, backendId: 'replica', fromMs: from, untilMs: from + ms, tokens, charge: 0n }));
    const { minutes, shares } = splitMinutes(costs.map((cost, at) => ({ fromMs: at * 60_000, untilMs: (at + 1) * 60_000, cost })), made);
    const told = costsOf('replica', shares, made);
    expect(told.reduce((sum, { cost }) => sum + cost, 0n)).toBe(minutes.reduce((sum, { tokens, cost }) => sum + (tokens === 0n ? 0n : cost), 0n));
    expect(new Set(told.map(({ eventId }) => eventId)).size).toBe(told.length);
    for (const { eventId, organisationId } of told) expect(organisationId).toBe(made.find((one) => one.eventId === eventId)!.organisationId);
  }));
});
