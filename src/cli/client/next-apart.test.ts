import { describe, expect, it } from 'vitest';
import { ERRORS, TandemError, type ErrorCode } from '../../base/index.ts';
import { CliError } from '../cli-error.ts';
import { nextApart } from './next-apart.ts';

const params = new Proxy({}, { get: () => 'x1', has: () => true }) as Record<string, string>;

describe('the next step of an error of the model API', () => {
  it.each((Object.keys(ERRORS) as ErrorCode[]).filter((code) => !ERRORS[code].next.startsWith('{')))('of %s stands apart from its message', (code) => {
    const { message, next } = new TandemError(code, { params });
    const told = nextApart(new CliError(code, `${message} ${next}`, 'Look at the server: tandem doctor'));
    expect(told.message).toBe(message);
    expect(told.next).not.toBe('Look at the server: tandem doctor');
  });

  it('names commands of the CLI where the API names routes', () => {
    const { message, next } = new TandemError('model_not_found', { params: { model: 'nope', near: '' } });
    expect(nextApart(new CliError('model_not_found', `${message} ${next}`, '')).next).toContain('tandem models');
  });

  it('leaves alone what another server said', () => {
    const other = new CliError('rate_limit_exceeded', 'Slow down.', 'Look at the server: tandem doctor');
    expect(nextApart(other)).toBe(other);
  });
});
