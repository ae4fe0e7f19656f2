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
