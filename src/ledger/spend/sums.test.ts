import { expect, test } from 'vitest';
import type { Dimension } from './dimensions.ts';
import { sumsFor, type Sums } from './sums.ts';

test.each<[Dimension[], { model?: string; backendId?: string; tier?: string }, Sums]>([
  [['model'], {}, 'keys'],
  [['day', 'key'], { model: 'm', tier: 'flex' }, 'keys'],
  [['user'], {}, 'user'],
  [['day', 'user'], {}, 'user'],
  [['project', 'scenario'], {}, 'scenario'],
  [['tag', 'month', 'tag'], {}, 'tags'],
  [['user', 'tag'], {}, 'days'],
  [['user', 'key'], {}, 'days'],
  [['user'], { model: 'm' }, 'days'],
  [['scenario'], { backendId: 'b' }, 'words'],
  [['tag', 'scenario'], {}, 'words'],
  [['tag', 'model'], {}, 'words'],
  [['tag', 'key'], {}, 'days'],
])('what is asked by %j with %j is read from the sums by %s', (asked, filter, sums) => {
  expect(sumsFor(asked, filter)).toBe(sums);
});
