import { expect, test } from 'vitest';
import { routes } from './index.ts';

test('a quota of what providers bill is an amount, and not less than nothing', () => {
  const taken = (spend: string | null) => routes.quotaSet.body!.safeParse({ scope: { kind: 'project', id: '0192f0c1-7a00-7000-8000-000000000001' }, spend }).success;
  expect([taken('0'), taken('99999999999999999999999999999999999999'), taken(null), taken('-5'), taken('5.00')]).toEqual([true, true, true, false, false]);
});
