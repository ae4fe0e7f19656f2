import { TandemError } from '../../base/index.ts';

export type ScopeKind = 'organisation' | 'project' | 'key';

/**
 * Whose calls a limit or a budget holds: all calls of a scope together (`subjectKind` null), those of one model, user or
 * tag in it (`subject`), or those of each by itself (`subject` null).
 */
export interface Holding<K extends string = string> {
  readonly id: string;
  readonly organisationId: string;
  readonly scopeKind: ScopeKind;
  readonly scopeId: string;
  /** Keys that followed the scope's key by rotation. */
  readonly successors: readonly string[];
  readonly subjectKind: K | null;
  readonly subject: string | null;
}

/** Keys and projects have limits and budgets of their own, by their ids; as a subject only each of them is meant. @param what `limit` or `budget`. @throws TandemError invalid_request. */
export function demandSubject(scopeKind: ScopeKind, subject: { readonly kind: string; readonly name: string | null } | null, what: 'limit' | 'budget'): void {
  if (subject === null || (subject.kind !== 'key' && subject.kind !== 'project')) return;
  const wide = scopeKind === 'organisation' || (scopeKind === 'project' && subject.kind === 'key');
  if (subject.name === null && wide) return;
  const reason = subject.name === null ? `A ${scopeKind} has no ${subject.kind}s that could have a ${what} each.` : `A ${what} of one ${subject.kind} has that ${subject.kind} as its scope.`;
  throw new TandemError('invalid_request', { params: { reason }, param: 'subject' });
}
