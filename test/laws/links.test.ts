import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchorsOf, pages, targetsOf, withoutBlocks } from './support/pages.ts';
import { ROOT } from './support/sources.ts';

const all = pages('**/*.md');

/** Why a link of a page leads nowhere; undefined when it leads somewhere, or out of the repository. */
function broken(from: string, target: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined;
  if (target.startsWith('/')) return 'it begins with a slash, which is not the repository\'s root';
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? from : posix.normalize(posix.join(posix.dirname(from), decodeURIComponent(path)));
  if (file.startsWith('../')) return 'it leads out of the repository';
  if (!existsSync(join(ROOT, file))) return `there is no ${file}`;
  if (anchor === undefined || !file.endsWith('.md')) return undefined;
  return anchorsOf(readFileSync(join(ROOT, file), 'utf8')).has(anchor) ? undefined : `${file} has no heading #${anchor}`;
}

const files = globSync('{src,agent,test,console,scripts,bench,deploy}/**/*.*', { cwd: ROOT, exclude: (path) => path === 'node_modules' || path === 'dist' || path.endsWith('/node_modules') || path.endsWith('/dist') });
/** What comes into being only where it is used: the signature of a release. */
const MADE_LATER = new Set(['agent/release.json']);

/** Files and folders of this repository that a page names in its text: by a path from the root, or sources by the end of it. */
function namedFiles(text: string): string[] {
  return [...withoutBlocks(text).matchAll(/`([\w.@-]+(?:\/[\w.@-]+)*\/?)`/g)].map((match) => match[1]!)
    .filter((name) => /^(?:src|agent|test|console|scripts|bench|deploy|docs)\/./.test(name) || /\.(?:tsx?|mjs|css|service)$/.test(name));
}

function isThere(name: string): boolean {
  return MADE_LATER.has(name) || existsSync(join(ROOT, name)) || files.some((path) => path.endsWith(`/${name}`));
}

describe('links', () => {
  it.each(all.map((page) => [page.path, page] as const))('of %s lead somewhere', (path, { text }) => {
    expect(targetsOf(text).map((target) => [target, broken(path, target)] as const).filter(([, why]) => why !== undefined)).toEqual([]);
  });

  it('are found where they are, and not in code', () => {
    const text = '[a](b.md#c) ![p](q.png) <img src="x.svg"> `[no](code.md)`\n\n    [no](block.md)\n\n```\n[no](fence.md)\n```\n[late]: d.md\n';
    expect(targetsOf(text)).toEqual(['b.md#c', 'q.png', 'x.svg', 'd.md']);
  });

  it('to headings follow GitHub\'s anchors', () => {
    expect([...anchorsOf('# A `b`: c & d\n## Same\n## Same\n```\n# no\n```\n')]).toEqual(['a-b-c--d', 'same', 'same-1']);
  });

  it.each(all.filter(({ path }) => !path.startsWith('docs/decisions/')).map((page) => [page.path, page] as const))('of %s name files that are there', (_, { text }) => {
    expect(namedFiles(text).filter((name) => !isThere(name))).toEqual([]);
  });

  it('name files by their path or its end, and not in commands', () => {
    expect(namedFiles('`src/a.ts`, `b.test.ts`, `src/db` and `run b.ts`, `$X/c.json`, `models/run`\n\n    `d.ts`\n')).toEqual(['src/a.ts', 'b.test.ts', 'src/db']);
    expect(['src/base/errors.ts', 'errors.ts', 'src/base', 'rrors.ts', 'src/moon.ts'].map(isThere)).toEqual([true, true, true, false, false]);
  });

  it('reach every page of docs from another one', () => {
    const linked = new Set(all.flatMap(({ path, text }) =>
      targetsOf(text).map((target) => target.split('#')[0]!).filter((target) => target !== '' && !/^[a-z]+:/i.test(target)).map((target) => posix.normalize(posix.join(posix.dirname(path), target)))));
    const lonely = all.map(({ path }) => path).filter((path) => path.startsWith('docs/') && !/^docs\/(plan\.md|decisions\/\d)/.test(path) && !linked.has(path));
    expect(lonely).toEqual([]);
  });
});
