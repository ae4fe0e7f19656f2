import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './sources.ts';

/** One Markdown page of the repository. */
export interface Page {
  /** From the repository's root, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** Markdown pages by glob, without what is installed or built. */
export function pages(...patterns: string[]): Page[] {
  return patterns
    .flatMap((pattern) => globSync(pattern, { cwd: ROOT, exclude: ['**/node_modules', '**/dist'] }))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

/** A page without its code: neither fenced nor indented blocks nor inline code. */
export function prose(text: string): string {
  return withoutBlocks(text).replace(/`[^`\n]*`/g, '');
}

/** A page without its blocks of code, fenced or indented; what stands in a sentence stays. */
export function withoutBlocks(text: string): string {
  return withoutFences(text).replace(/^(?: {4}|\t).*$/gm, '');
}

export function withoutFences(text: string): string {
  return text.replace(/^(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1[ \t]*$/gm, '');
}

/** What links and pictures point to: Markdown's and HTML's. */
export function targetsOf(text: string): string[] {
  const clean = prose(text);
  return [
    ...[...clean.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)].map((match) => match[1]!),
    ...[...clean.matchAll(/\b(?:src|href|srcset)="([^"]+)"/g)].map((match) => match[1]!),
    ...[...clean.matchAll(/^\[[^\]]+\]:\s*(\S+)/gm)].map((match) => match[1]!),
  ];
}

/** The anchors of a page's headings, as GitHub makes them; a repeated one gets a number. */
export function anchorsOf(text: string): Set<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading] of withoutFences(text).matchAll(/^#{1,6}[ \t]+(.+?)[ \t]*#*$/gm)) {
    const plain = heading!.replace(/`/g, '').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/\*+/g, '');
    const slug = plain.toLowerCase().replace(/[^\p{L}\p{N}\p{M}\- _]/gu, '').replaceAll(' ', '-');
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    anchors.add(before === 0 ? slug : `${slug}-${before}`);
  }
  return anchors;
}
