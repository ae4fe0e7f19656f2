import type { Holding, ScopeKind } from './subject.ts';

/** Of whom a call is, as far as it is the same for all calls of a key to a model. */
export interface Caller {
  readonly organisationId: string;
  readonly projectId: string;
  readonly keyId: string | null;
  /** The key that this one followed by rotation, over however many, by whose name what counts each key counts it. Absent: by its own. */
  readonly firstKeyId?: string | null | undefined;
  readonly resource: string;
}

/** A limit or budget that holds a call, and by whose name it counts; null: it counts all of its calls together. */
export interface Rule<L extends Holding> {
  readonly limit: L;
  readonly counted: string | null;
}

/** Limits on users, or on tags, of one scope and sort: those for some by name, and the one for each other. */
export interface NamedRules<L extends Holding> {
  readonly byName: ReadonlyMap<string, L>;
  readonly each: L | null;
}

/** What holds the calls of a caller. */
export interface Rules<L extends Holding> {
  readonly fixed: readonly Rule<L>[];
  readonly users: readonly NamedRules<L>[];
  readonly tags: readonly NamedRules<L>[];
}

/** Limits are of several sorts, which do not replace each other: requests and tokens; money a day and a month. */
export interface Sorts<L extends Holding> {
  readonly all: readonly string[];
  of(limit: L): string;
}

/**
 * Chooses the limits that hold a caller's calls. Limits that count different calls all hold: a user's of the project beside
 * the same user's of the organisation. Of those that count the same calls the nearest is taken, so that a default can be
 * raised or lowered for one: a key's own before its project's for each key, that before the organisation's.
 * @param of the limits of one scope.
 */
export function rulesFor<L extends Holding>(of: (kind: ScopeKind, id: string) => readonly L[], caller: Caller, sorts: Sorts<L>): Rules<L> {
  const { organisationId, projectId, keyId, resource } = caller;
  const [wide, middle] = [of('organisation', organisationId), of('project', projectId)];
  const near = keyId === null ? undefined : of('key', keyId);
  const fixed: Rule<L>[] = [];
  const users: NamedRules<L>[] = [];
  const tags: NamedRules<L>[] = [];
  for (const sort of sorts.all) {
    const whole = (some: readonly L[] | undefined) => some?.find((limit) => sorts.of(limit) === sort && limit.subjectKind === null);
    const each = (some: readonly L[], kind: string) => some.find((limit) => sorts.of(limit) === sort && limit.subjectKind === kind && limit.subject === null);
    const add = (own: L | undefined, byDefault: L | undefined, id: string) => {
      if (own !== undefined) fixed.push({ limit: own, counted: null });
      else if (byDefault !== undefined) fixed.push({ limit: byDefault, counted: id });
    };
    add(whole(wide), undefined, organisationId);
    add(whole(middle), each(wide, 'project'), projectId);
    if (keyId !== null) add(whole(near), each(middle, 'key') ?? each(wide, 'key'), caller.firstKeyId ?? keyId);
    for (const some of [wide, middle, near]) {
      if (some === undefined || some.length === 0) continue;
      add(some.find((limit) => sorts.of(limit) === sort && limit.subjectKind === 'model' && limit.subject === resource), each(some, 'model'), resource);
      for (const [kind, into] of [['user', users], ['tag', tags]] as const) {
        const mine = some.filter((limit) => sorts.of(limit) === sort && limit.subjectKind === kind);
        if (mine.length === 0) continue;
        into.push({ byName: new Map(mine.flatMap((limit) => (limit.subject === null ? [] : [[limit.subject, limit]]))), each: mine.find((limit) => limit.subject === null) ?? null });
      }
    }
  }
  return { fixed, users, tags };
}

/** The limit of one user or tag; undefined: none holds it. */
export function ruleOf<L extends Holding>({ byName, each }: NamedRules<L>, name: string): Rule<L> | undefined {
  const own = byName.get(name);
  if (own !== undefined) return { limit: own, counted: null };
  return each === null ? undefined : { limit: each, counted: name };
}
