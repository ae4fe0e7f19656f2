import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commands, shellWord } from './commands.ts';

describe('lines for a terminal', () => {
  it('leaves plain words plain', () => {
    expect(commands.keyCreate('ci', '5.00')).toBe('./tandem keys create ci --budget 5.00');
    expect(commands.keyCreate("Ann's key")).toBe(`./tandem keys create 'Ann'\\''s key'`);
    expect(commands.keyCreate('')).toBe('./tandem keys create NAME');
  });

  it('quotes so that a shell reads back the same word', () => {
    fc.assert(fc.property(fc.string({ maxLength: 60 }).filter((word) => !word.includes('\0')), (word) => {
      expect(execFileSync('/bin/sh', ['-c', `printf %s ${shellWord(word)}`]).toString()).toBe(word);
    }), { numRuns: 40 });
  });
});
