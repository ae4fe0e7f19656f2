import { expect, test } from 'vitest';
import { TandemError } from '../../base/index.ts';
import { rateLimitHeaders, refusalHeaders } from './rate-limit-headers.ts';

const figures = { requests: { limit: 60, remaining: 59, resetMs: 48_500, resetAtMs: 48_500 }, tokens: { limit: 150_000, remaining: 149_984, resetMs: 60_000, resetAtMs: Date.UTC(2026, 10, 25, 21, 1, 0) } };

test('OpenAI\'s headers say limit, rest and the time until the reset', () => {
  expect(rateLimitHeaders(figures, 'openai')).toEqual([
    'x-ratelimit-limit-requests', '60', 'x-ratelimit-remaining-requests', '59', 'x-ratelimit-reset-requests', '49s',
    'x-ratelimit-limit-tokens', '150000', 'x-ratelimit-remaining-tokens', '149984', 'x-ratelimit-reset-tokens', '1m0s',
  ]);
  expect(rateLimitHeaders({ requests: { limit: 1, remaining: 0, resetMs: 120, resetAtMs: 120 } }, 'openai').at(-1)).toBe('120ms');
});

test('Anthropic\'s say when', () => {
  expect(rateLimitHeaders({ tokens: figures.tokens }, 'anthropic')).toEqual([
    'anthropic-ratelimit-tokens-limit', '150000', 'anthropic-ratelimit-tokens-remaining', '149984', 'anthropic-ratelimit-tokens-reset', '2026-11-25T21:01:00Z',
  ]);
});

test('without a limit there is no header', () => {
  expect(rateLimitHeaders({}, 'openai')).toEqual([]);
  expect(refusalHeaders(new Error('x'), 'openai')).toEqual({});
  expect(refusalHeaders(new TandemError('limit_reached'), 'openai')).toEqual({});
  expect(refusalHeaders(new TandemError('limit_reached', { facts: { limits: figures } }), 'openai')).toMatchObject({ 'x-ratelimit-remaining-requests': '59', 'x-ratelimit-reset-tokens': '1m0s' });
});
