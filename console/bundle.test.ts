import { readFileSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildConsole } from './test/browser.ts';

/** What a first visit loads before it can show anything (issue: at most 190 KB of JavaScript, gzipped). */
const INITIAL_JS_LIMIT = 190 * 1024;
const INITIAL_CSS_LIMIT = 20 * 1024;

interface Part {
  readonly file: string;
  readonly isEntry?: boolean;
  readonly imports?: readonly string[];
  readonly css?: readonly string[];
}

let dist: string;
let manifest: Record<string, Part>;
beforeAll(async () => {
  dist = await buildConsole();
  manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8')) as Record<string, Part>;
}, 120_000);
afterAll(() => rm(dist, { recursive: true, force: true }));

const gzipped = (file: string): number => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length;

/** The parts that are loaded together with the named ones. */
function together(names: readonly string[]): Part[] {
  const seen = new Map<string, Part>();
  const visit = (name: string): void => {
    const part = manifest[name];
    if (!part || seen.has(name)) return;
    seen.set(name, part);
    part.imports?.forEach(visit);
  };
  names.forEach(visit);
  return [...seen.values()];
}

it('loads at most 190 KB of JavaScript at first, the overview page included', () => {
  const entry = Object.keys(manifest).filter((name) => manifest[name]?.isEntry);
  const sizes = (names: readonly string[]): number => together(names).reduce((sum, { file }) => sum + gzipped(file), 0);
  const first = sizes([...entry, 'src/pages/overview.tsx']);
  console.info(`initial JavaScript: ${(sizes(entry) / 1024).toFixed(1)} KB gzipped, with the overview ${(first / 1024).toFixed(1)} KB`);
  expect(entry).toEqual(['index.html']);
  expect(first).toBeLessThanOrEqual(INITIAL_JS_LIMIT);
  expect(together(entry).flatMap(({ css }) => css ?? []).reduce((sum, file) => sum + gzipped(file), 0)).toBeLessThanOrEqual(INITIAL_CSS_LIMIT);
});

it('loads the plots only where they are drawn', () => {
  const initial = together(['index.html', 'src/pages/overview.tsx']).map(({ file }) => file);
  expect(initial.some((file) => file.includes('plot'))).toBe(false);
  expect(Object.values(manifest).some(({ file }) => file.includes('plot'))).toBe(true);
});

it('has nothing inline, so that a strict policy holds', () => {
  const html = readFileSync(join(dist, 'index.html'), 'utf8');
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>/);
  expect(html).not.toMatch(/<style|\sstyle=|\son\w+=/);
  // noVNC asks the browser in JavaScript whether it takes a cursor as data; the policy lets pictures be data.
  for (const file of readdirSync(join(dist, 'assets')).filter((name) => !name.startsWith('rfb'))) expect(readFileSync(join(dist, 'assets', file), 'utf8'), file).not.toMatch(/url\((["']?)data:/);
});
