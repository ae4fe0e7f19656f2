import { expect, test } from 'vitest';
import { csvLine } from './csv.ts';

test('a cell that a spreadsheet would run is made harmless, and every cell is escaped', () => {
  expect(csvLine(['=1+1', '+49', '@cmd', '-2+3', '\tx'])).toBe(`'=1+1,'+49,'@cmd,'-2+3,'\tx\r\n`);
  expect(csvLine(['a,b', 'say "hi"', 'two\nlines', '', '-1250000'])).toBe('"a,b","say ""hi""","two\nlines",,-1250000\r\n');
  expect(csvLine(['=HYPERLINK("http://x","y")'])).toBe(`"'=HYPERLINK(""http://x"",""y"")"\r\n`);
});
