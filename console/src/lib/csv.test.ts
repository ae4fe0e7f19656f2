import { expect, it } from 'vitest';
import { toCsv } from './csv.ts';

it('quotes what needs it and keeps names from running as formulas', () => {
  expect(toCsv(['name', 'amount'], [['a "b", c', '-1.50'], ['=1+1', '0.00000125'], ['-x', '']]))
    .toBe('name,amount\r\n"a ""b"", c",-1.50\r\n\'=1+1,0.00000125\r\n\'-x,\r\n');
});
