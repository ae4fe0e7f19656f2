import { expect, test } from 'vitest';
import { TandemError } from '../../base/index.ts';
import { errorMessage, toldInside } from '../dialects/chat/errors.ts';
import { badReplyError, connectionError, statusError } from './failure.ts';

const backend = { name: 'gpu', hidden: ['sk-live-0123456789', 'https://gpu.internal.example/v1', 'gpu.internal.example', ''] };

test.each([
  ['ECONNREFUSED', 'the connection was refused'], ['ENOTFOUND', 'its name has no address'], ['UND_ERR_CONNECT_TIMEOUT', 'it does not answer'], ['DEPTH_ZERO_SELF_SIGNED_CERT', 'its certificate is not accepted'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'its certificate is not accepted'], ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is not accepted'], ['EWHATEVER', 'the connection failed'],
])('%s before an answer is told as "%s"', (code, reason) => {
  const error = connectionError(backend, Object.assign(new Error('connect to 10.0.0.1:8000'), { code }), false);
  expect([error.code, error.message]).toEqual(['backend_unreachable', `The backend gpu cannot be reached: ${reason}.`]);
});

test('an address that may not be called is the operator\'s matter: the caller does not learn it', () => {
  const error = connectionError(backend, new TandemError('url_not_allowed', { params: { reason: 'gpu.internal.example leads to 10.0.0.1 is a private address' } }), false);
  expect(error.message).toBe('The backend gpu cannot be reached: its address may not be called.');
  expect(error.detail).toContain('10.0.0.1');
});

test.each([
  [{ error: { message: 'key sk-live-0123456789 at https://gpu.internal.example/v1/x is wrong' } }], [{ message: 'see gpu.internal.example or http://10.0.0.1:8000/docs' }], [{ detail: 'other key sk-abcdef123456' }], [{ error: 'plain sk-live-0123456789' }],
])('what a backend says is told without keys and addresses: %j', (body) => {
  for (const error of [statusError(backend, 400, errorMessage(JSON.stringify(body)), undefined), badReplyError(backend, toldInside('error' in body ? body.error : body))]) {
    expect(error.message).not.toMatch(/sk-live|sk-abc|internal\.example|10\.0\.0\.1/);
  }
});

test('control characters and length of what a backend says are bounded', () => {
  const { message } = statusError(backend, 422, errorMessage(JSON.stringify({ message: `a\r\nb\u202e${'x'.repeat(5_000)}` })), undefined);
  expect(message).not.toMatch(/[\r\n\u202e]/);
  expect(message.length).toBeLessThan(400);
});
