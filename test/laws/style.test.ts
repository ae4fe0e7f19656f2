import { describe, expect, it } from 'vitest';
import { sources } from './support/sources.ts';

const files = sources('src/**/*.{ts,tsx}', 'console/**/*.{ts,tsx}', 'scripts/**/*.{ts,mjs}', 'bench/**/*.ts', 'test/**/*.ts', 'agent/**/*.ts');
const MAX_LINES = 400;

/** Code without its comments and texts, so that words in them are no finding. */
function bare(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|[^:'"`\\])\/\/.*$/gm, '$1')
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''");
}

const hits = (pattern: RegExp, clean: (text: string) => string) =>
  files.flatMap(({ path, text }) => clean(text).split('\n').flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim().slice(0, 120)}`] : [])));
const asItIs = (text: string) => text;

describe('the house\'s style', () => {
  it(`keeps files at ${MAX_LINES} lines or fewer`, () => {
    expect(files.map(({ path, text }) => ({ path, lines: text.split('\n').length })).filter(({ lines }) => lines > MAX_LINES)).toEqual([]);
  });

  it('names files in kebab-case', () => {
    const wrong = files.map(({ path }) => path.split('/').at(-1)!).filter((name) => !/^[a-z0-9]+(?:[-.][a-z0-9]+)*\.(?:ts|tsx|mjs)$/.test(name));
    expect(wrong).toEqual([]);
  });

  it('knows no any', () => {
    expect(hits(/(?:[:<|,&(]\s*|\bas\s+)any\b(?![\w.])/, bare).filter((line) => !line.startsWith('test/laws/style.test.ts'))).toEqual([]);
  });

  it('switches off neither types nor lint', () => {
    const words = ['@ts-' + 'ignore', '@ts-' + 'expect-error', '@ts-' + 'nocheck', 'oxlint-' + 'disable', 'eslint-' + 'disable'];
    expect(hits(new RegExp(words.join('|')), asItIs)).toEqual([]);
  });

  it('leaves nothing for later', () => {
    expect(hits(new RegExp(`\\b(?:${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`), asItIs)).toEqual([]);
  });

  it('runs every test', () => {
    expect(hits(/\b(?:it|test|describe)\.(?:only|todo)\b/, bare)).toEqual([]);
  });

  it('reads the wall clock and randomness only in base and at the edges', () => {
    const allowed = /^[^:]+\.test\.tsx?:|^[^:]*\/testing|^src\/base\/|^src\/start\/|^console\/|^bench\/|^test\/|^scripts\/|^[^:]*fixtures?|^src\/cli\/|^agent\/src\/main\.ts/;
    expect(hits(/\bDate\.now\(\)|\bMath\.random\(\)|\bnew Date\(\)/, bare).filter((line) => !allowed.test(line))).toEqual([]);
  });
});
