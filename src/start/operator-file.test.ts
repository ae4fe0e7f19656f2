import { expect, test } from 'vitest';
import { checkOperatorFile } from './operator-file.ts';

test('a slip in the name of a part is refused by name', () => {
  expect(() => checkOperatorFile({ file: { backend: [] }, configFile: '/h/config.json' })).toThrow(/\/h\/config\.json has a part backend; there are backends,/);
  expect(() => checkOperatorFile({ file: { backends: [], egress: {} }, configFile: '/h/config.json' })).not.toThrow();
});
