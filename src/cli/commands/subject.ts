import { usageError } from '../cli-error.ts';
import { oneOf } from './keys.ts';

/** By what the calls of a scope are counted: one by name, or each of a kind. */
export interface Subject<K extends string> {
  readonly kind: K | 'user' | 'tag' | 'model';
  readonly name: string | null;
}

/** What `--each`, `--user`, `--tag` and `--model` say; null: all calls together. @throws a usage error when more than one is given. */
export function subjectOf<const K extends string>(options: Readonly<Record<string, string | boolean | undefined>>, kinds: readonly K[]): Subject<K> | null {
  const named = (['user', 'tag', 'model'] as const).flatMap((kind) => (typeof options[kind] === 'string' ? [{ kind, name: options[kind] }] : []));
  const each = typeof options['each'] === 'string' ? [{ kind: oneOf(options['each'], kinds, '--each'), name: null }] : [];
  const all: Subject<K>[] = [...named, ...each];
  if (all.length > 1) throw usageError('Calls are counted by one thing.', 'Give one of --each, --user, --tag and --model.');
  return all[0] ?? null;
}

/** Whether what is there counts by the same. */
export function isSameSubject(a: { readonly kind: string; readonly name: string | null } | null, b: { readonly kind: string; readonly name: string | null } | null): boolean {
  return a?.kind === b?.kind && (a?.name ?? null) === (b?.name ?? null);
}
