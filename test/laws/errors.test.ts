import { describe, expect, it } from 'vitest';
import { ERRORS, type ErrorEntry } from '../../src/base/index.ts';
import { sources } from './support/sources.ts';

const code = sources('src/**/*.ts', 'scripts/**/*.{ts,mjs}').filter(({ path }) => path !== 'src/base/errors.ts' && !path.endsWith('.test.ts')).map(({ text }) => text).join('\n');
const entries: [string, ErrorEntry][] = Object.entries(ERRORS);

describe('the list of errors', () => {
  it.each(entries)('%s is used, says what happened, and names a next step', (name, { status, message, next }) => {
    expect(code.includes(`'${name}'`), `nothing throws ${name}`).toBe(true);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(message.length).toBeGreaterThan(0);
    expect(next).toMatch(/^[A-Z{].{8,}\.$/);
  });

  it('fills every place that a message has', () => {
    const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
    const missing = entries.flatMap(([name, { message, next }]) =>
      places(message + next).filter((place) => !new RegExp(`\\b${place}\\b\\s*[:,}]`).test(code)).map((place) => `${name}: {${place}}`));
    expect(missing).toEqual([]);
  });
});
