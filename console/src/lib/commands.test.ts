import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apiCall, commands, shellWord } from './commands.ts';

describe('lines for a terminal', () => {
  it('leaves plain words plain and defaults out', () => {
    expect(commands.keyCreate('ci', { budget: '5.00', period: 'month', role: 'developer', models: null })).toBe('./tandem keys create ci --budget 5.00');
    expect(commands.keyCreate("Ann's key", { models: ['tandem/local', 'muse-spark'] })).toBe(`./tandem keys create 'Ann'\\''s key' --models tandem/local,muse-spark`);
    expect(commands.keyCreate('')).toBe('./tandem keys create NAME');
    expect(commands.billAdjust('HM-1', '-1.50', 'goodwill')).toBe('./tandem bill adjust HM-1 --reason goodwill -- -1.50');
    expect(commands.budgetSet({ kind: 'project', name: 'iOS app' }, '25', 'day')).toBe("./tandem budgets set 'project:iOS app' 25 --period day");
    expect(commands.budgetSet({ kind: 'organisation', name: 'Acme' }, '2', 'month', { alert: '50', counting: 'each user' })).toBe('./tandem budgets set organisation 2 --alert 50 --each user');
    expect(commands.budgetSet({ kind: 'organisation', name: 'Acme' }, '2', 'month', { counting: 'one tag', name: 'night run' })).toBe("./tandem budgets set organisation 2 --tag 'night run'");
    expect(apiCall('PATCH', '/api/keys/1', { name: 'x' })).toBe(`./tandem api PATCH /api/keys/1 --data '{"name":"x"}'`);
  });

  it('quotes so that a shell reads back the same word', () => {
    const words = fc.array(fc.string({ maxLength: 40 }).filter((word) => !/[\0\n]/.test(word)), { minLength: 1, maxLength: 20 });
    fc.assert(fc.property(words, (all) => {
      expect(execFileSync('/bin/sh', ['-c', `printf '%s\\n' ${all.map(shellWord).join(' ')}`]).toString()).toBe(`${all.join('\n')}\n`);
    }), { numRuns: 10 });
  });
});
