import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importsOf, sources, type Source } from './support/sources.ts';

/** The rooms in the order in which they may know each other: each imports only what stands before it. */
const ORDER = [['base'], ['db'], ['access'], ['ledger'], ['fleet'], ['tunnels'], ['models'], ['http', 'cli'], ['start']];
/** Files of a room that others may open beside its index: what tests of other rooms need, and what runs as a process of its own. */
const OPEN = [/^src\/base\/(?:egress\/index|trace)\.ts$/, /^src\/[^/]+\/index\.ts$/, /^src\/(?:db|access)\/testing\.ts$/, /^src\/[^/]+\/testing\//, /^src\/models\/local\/fake-engine\.ts$/];

const rank = new Map(ORDER.flatMap((rooms, index) => rooms.map((room) => [room, index] as const)));
const roomOf = (path: string) => /^src\/([^/]+)\//.exec(path)?.[1];
const files = sources('src/**/*.ts');
const isTest = (path: string) => /\.test\.ts$|\/testing(?:\/|\.ts$)|fake-|fixtures?/.test(path);

/** Every import of another file in `src`, as [from, to]. */
const edges = files.flatMap(({ path, text }: Source) =>
  importsOf(text).filter((name) => name.startsWith('.')).map((name) => [path, posix.join(posix.dirname(path), name)] as const));

describe('the rooms', () => {
  it('are all in the order', () => {
    expect([...new Set(files.map(({ path }) => roomOf(path)))].filter((room) => room !== undefined && !rank.has(room))).toEqual([]);
  });

  it('import one way', () => {
    const wrong = edges.filter(([from, to]) => {
      const [here, there] = [roomOf(from), roomOf(to)];
      return here !== undefined && there !== undefined && here !== there && !isTest(from) && rank.get(there)! >= rank.get(here)!;
    });
    expect(wrong.map(([from, to]) => `${from} → ${to}`)).toEqual([]);
  });

  it('are entered by their index', () => {
    const wrong = edges.filter(([from, to]) => {
      const [here, there] = [roomOf(from), roomOf(to)];
      return there !== undefined && here !== there && !OPEN.some((pattern) => pattern.test(to));
    });
    expect(wrong.map(([from, to]) => `${from} → ${to}`)).toEqual([]);
  });

  it('import files that exist', () => {
    const known = new Set(sources('src/**/*.*', 'package.json', 'agent/**/*.ts').map(({ path }) => path));
    known.add('src/cli/client/schema.ts');
    expect(edges.filter(([, to]) => to.startsWith('src/') && !known.has(to)).map(([from, to]) => `${from} → ${to}`)).toEqual([]);
  });

  it('hold no circle of files that need each other to load', () => {
    const values = files.flatMap(({ path, text }) => importsOf(atLoad(text)).filter((name) => name.startsWith('.')).map((name) => [path, posix.join(posix.dirname(path), name)] as const));
    expect(circle(values)).toEqual([]);
  });
});

/** What a file needs when it is loaded: types are gone by then, and `import()` comes later. */
function atLoad(text: string): string {
  return text.replace(/^(?:import|export) type\b[^;]*;/gm, '').replace(/\bimport\(/g, 'later(');
}

/** One circle of imports, or none. */
function circle(links: readonly (readonly [string, string])[]): string[] {
  const next = new Map<string, string[]>();
  for (const [from, to] of links) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const walk = (file: string, trail: string[]): string[] => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const other of next.get(file) ?? []) {
      const found = walk(other, [...trail, file]);
      if (found.length > 0) return found;
    }
    done.add(file);
    return [];
  };
  for (const file of next.keys()) {
    const found = walk(file, []);
    if (found.length > 0) return found;
  }
  return [];
}
