import { expect, it } from 'vitest';
import { TandemError, silentLogger } from '../../base/index.ts';
import { renderError } from './render.ts';

it.each(['tandem', 'openai', 'anthropic'] as const)('a database that goes away under a request is 503 with a code and when to ask again, in the form of %s', (envelope) => {
  // As Postgres says it to a connection whose postmaster was killed.
  const lost = Object.assign(new Error('terminating connection due to unexpected postmaster exit'), { code: '57P01' });
  const { status, headers, body } = renderError(lost, envelope, 'request-1', silentLogger);
  expect([status, headers['retry-after']]).toEqual([503, '2']);
  expect(body).not.toContain('postmaster');
  if (envelope !== 'anthropic') expect(JSON.parse(body)).toMatchObject({ error: { code: 'database_away' } });
});

it('what nobody expected is 500 with the request\'s id and nothing of what it was; what is in the list is as it is', () => {
  const { status, headers, body } = renderError(new Error('a secret path'), 'tandem', 'request-1', silentLogger);
  expect([status, headers['retry-after'], body.includes('request-1'), body.includes('secret')]).toEqual([500, undefined, true, false]);
  expect(renderError(new TandemError('not_found', { params: { path: '/x' } }), 'tandem', 'request-1', silentLogger).status).toBe(404);
});
