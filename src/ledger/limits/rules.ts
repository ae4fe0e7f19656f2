import type { Limit } from './limit.ts';

/** Of whom a call is, as far as it is the same for all calls of a key to a model. */
export interface Caller {
  readonly organisationId: string;
  readonly projectId: string;
  readonly keyId: string | null;
  readonly resource: string;
}

/** A limit that holds a call, and by whose name it counts; null: it counts all of its calls together. */
export interface Rule {
  readonly limit: Limit;
  readonly counted: string | null;
}

/** Limits on users, or on tags, of one scope and metric: those for some by name, and the one for each other. */
export interface NamedRules {
  readonly byName: ReadonlyMap<string, Limit>;
  readonly each: Limit | null;
}

/** What holds the calls of a caller. */
export interface Rules {
  readonly fixed: readonly Rule[];
  readonly users: readonly NamedRules[];
  readonly tags: readonly NamedRules[];
}

/**
 * Chooses the limits that hold a caller's calls. Limits that count different calls all hold: a user's of the project beside
 * the same user's of the organisation. Of those that count the same calls the nearest is taken, so that a default can be
 * raised or lowered for one: a key's own before its project's for each key, that before the organisation's.
 * @param limits of the organisation.
 */
export function rulesFor(limits: readonly Limit[], caller: Caller): Rules {
  const { organisationId, projectId, keyId, resource } = caller;
  const scopes: [Limit['scopeKind'], string][] = [['organisation', organisationId], ['project', projectId]];
  if (keyId !== null) scopes.push(['key', keyId]);
  const of = (kind: Limit['scopeKind'], id: string) => limits.filter((limit) => limit.scopeKind === kind && (limit.scopeId === id || limit.successors.includes(id)));
  const [wide, middle, near] = scopes.map(([kind, id]) => of(kind, id)) as [Limit[], Limit[], Limit[] | undefined];
  const fixed: Rule[] = [];
  const users: NamedRules[] = [];
  const tags: NamedRules[] = [];
  for (const metric of ['requests', 'tokens', 'parallel'] as const) {
    const whole = (some: readonly Limit[] | undefined) => some?.find((limit) => limit.metric === metric && limit.subjectKind === null);
    const each = (some: readonly Limit[], kind: Limit['subjectKind']) => some.find((limit) => limit.metric === metric && limit.subjectKind === kind && limit.subject === null);
    const add = (own: Limit | undefined, byDefault: Limit | undefined, id: string) => {
      if (own !== undefined) fixed.push({ limit: own, counted: null });
      else if (byDefault !== undefined) fixed.push({ limit: byDefault, counted: id });
    };
    add(whole(wide), undefined, organisationId);
    add(whole(middle), each(wide, 'project'), projectId);
    if (keyId !== null) add(whole(near), each(middle, 'key') ?? each(wide, 'key'), keyId);
    for (const some of [wide, middle, near]) {
      if (some === undefined || some.length === 0) continue;
      add(some.find((limit) => limit.metric === metric && limit.subjectKind === 'model' && limit.subject === resource), each(some, 'model'), resource);
      for (const [kind, into] of [['user', users], ['tag', tags]] as const) {
        const mine = some.filter((limit) => limit.metric === metric && limit.subjectKind === kind);
        if (mine.length === 0) continue;
        into.push({ byName: new Map(mine.flatMap((limit) => (limit.subject === null ? [] : [[limit.subject, limit]]))), each: mine.find((limit) => limit.subject === null) ?? null });
      }
    }
  }
  return { fixed, users, tags };
}

/** The limit of one user or tag; undefined: none holds it. */
export function ruleOf({ byName, each }: NamedRules, name: string): Rule | undefined {
  const own = byName.get(name);
  if (own !== undefined) return { limit: own, counted: null };
  return each === null ? undefined : { limit: each, counted: name };
}
