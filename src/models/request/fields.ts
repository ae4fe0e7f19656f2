import { TandemError } from '../../base/index.ts';
import { isObject } from './json.ts';

/** Says what is wrong with a field's value, as a sentence; `undefined` when nothing is. Null counts as absent before this is asked. */
export type Check = (value: unknown) => string | undefined;

export function invalid(param: string, problem: string): TandemError {
  return new TandemError('invalid_request', { param, params: { reason: `${param} ${problem}.` } });
}

export const number = (least: number, most: number): Check => (value) =>
  typeof value === 'number' && value >= least && value <= most ? undefined : `must be a number from ${least} to ${most}`;

export const whole = (least: number, most: number): Check => (value) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most ? undefined : `must be a whole number from ${least} to ${most}`;

export const text = (mostCharacters: number): Check => (value) =>
  typeof value === 'string' && value.length <= mostCharacters ? undefined : `must be a string of at most ${mostCharacters} characters`;

export const flag: Check = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false');

export const object: Check = (value) => (isObject(value) ? undefined : 'must be an object');

export const list = (most: number): Check => (value) =>
  Array.isArray(value) && value.length <= most ? undefined : `must be a list of at most ${most} items`;

export const oneOf = (...allowed: string[]): Check => (value) =>
  typeof value === 'string' && allowed.includes(value) ? undefined : `must be one of ${allowed.join(', ')}`;

export const either = (...checks: Check[]): Check => (value) => {
  const problems = checks.map((check) => check(value));
  return problems.includes(undefined) ? undefined : problems.join(', or ');
};

/** For what would make a call cost something that is not metered, or reach past its limits. */
export const never = (reason: string): Check => () => `is not available here: ${reason}`;

export const texts = (mostItems: number, mostCharacters: number): Check => (value) => {
  if (!Array.isArray(value) || value.length > mostItems) return `must be a list of at most ${mostItems} strings`;
  return value.every((item) => typeof item === 'string' && item.length <= mostCharacters) ? undefined : `must hold strings of at most ${mostCharacters} characters`;
};
