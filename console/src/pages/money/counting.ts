/** How a limit or budget counts the calls of its scope: together, each of a kind by itself, or one by name. */
export type Counting<K extends string> = 'together' | `each ${K}` | 'one user' | 'one tag' | 'one model';

export interface Subject<K extends string> {
  readonly kind: K;
  readonly name: string | null;
}

export function countingOf<K extends string>(subject: Subject<K> | null): Counting<K> {
  if (subject === null) return 'together';
  return subject.name === null ? `each ${subject.kind}` : `one ${subject.kind as 'user' | 'tag' | 'model'}`;
}

/** What the API is told; null: all calls together. @param name of the one. */
export function subjectOf<K extends string>(counting: Counting<K>, name: string): Subject<K> | null {
  const [how, kind] = counting.split(' ') as [string, K];
  return how === 'together' ? null : { kind, name: how === 'one' ? name.trim() : null };
}

export const isByName = (counting: string): boolean => counting.startsWith('one ');

/** What there is of each in a scope: keys of an organisation or project, projects of an organisation. */
export function offeredIn<C extends string>(countings: readonly C[], scope: 'organisation' | 'project' | 'key'): readonly C[] {
  return countings.filter((one) => (one !== 'each project' || scope === 'organisation') && (one !== 'each key' || scope !== 'key'));
}
