import type { CallerTier } from '../prices/types.ts';
import type { ScopeKind } from './subject.ts';

/** Names and owners from memory: `access.directory` is one. */
export interface PathNames {
  organisation(id: string): { readonly name?: string; readonly currency: string; readonly billing: 'postpaid' | 'prepaid' } | undefined;
  projectName(id: string): string | null;
  keyName(id: string): string | null;
  project(id: string): { readonly organisationId: string; readonly tier: CallerTier } | undefined;
  principalOfKey(id: string): { readonly organisationId: string } | null;
}

export interface Scoped {
  readonly scopeKind: ScopeKind;
  readonly scopeId: string;
}

export function nameOf({ scopeKind, scopeId }: Scoped, names: PathNames): string {
  switch (scopeKind) {
    case 'organisation':
      return names.organisation(scopeId)?.name ?? scopeId;
    case 'project':
      return names.projectName(scopeId) ?? scopeId;
    case 'key':
      return names.keyName(scopeId) ?? scopeId;
  }
}

/** Whether a scope is of the organisation. */
export function isOf(organisationId: string, { scopeKind, scopeId }: Scoped, names: PathNames): boolean {
  switch (scopeKind) {
    case 'organisation':
      return scopeId === organisationId;
    case 'project':
      return names.project(scopeId)?.organisationId === organisationId;
    case 'key':
      return names.principalOfKey(scopeId)?.organisationId === organisationId;
  }
}

/** A limit or budget, as far as its holder's name goes. */
export interface Held extends Scoped {
  readonly subjectKind: string | null;
  readonly subject: string | null;
}

/** `key ci`, `user u-17 of project web`: whom a limit holds. @param counted of a limit on each: the one that is meant; null: those past its bound. */
export function holderOf(held: Held, counted: string | null, names: PathNames): string {
  const { subjectKind, subject } = held;
  const scope = `${held.scopeKind} ${nameOf(held, names)}`;
  if (subjectKind === null) return scope;
  const name = subject ?? counted;
  if (subjectKind === 'project' && name === held.scopeId) return `calls of ${scope} that have no project`;
  if (subjectKind === 'key' || subjectKind === 'project') return name === null ? `each ${subjectKind} of ${scope}` : `${subjectKind} ${nameOf({ scopeKind: subjectKind, scopeId: name }, names)}`;
  if (name === null) return `further ${subjectKind}s of ${scope}`;
  if (name === '') return `calls of ${scope} that name no ${subjectKind}`;
  return `${subjectKind} ${name} of ${scope}`;
}

/** The same for a limit or budget as it is set: `each user of project web`. */
export function holderInWords(held: Held, names: PathNames): string {
  if (held.subjectKind !== null && held.subject === null) return `each ${held.subjectKind} of ${holderOf({ ...held, subjectKind: null }, null, names)}`;
  return holderOf(held, null, names);
}
