/** One thing of a configuration: its kind, the name that it goes by, and what is said of it. */
export interface Item {
  readonly kind: 'project' | 'backend' | 'key' | 'model' | 'price' | 'budget' | 'limit';
  readonly name: string;
  /** Plain JSON by field. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface FieldChange {
  readonly field: string;
  /** Null: there is none. */
  readonly before: string | null;
  readonly after: string | null;
}

export interface Change {
  readonly action: 'add' | 'change' | 'remove';
  readonly kind: Item['kind'];
  readonly name: string;
  readonly fields: readonly FieldChange[];
}

export interface Difference {
  readonly changes: readonly Change[];
  /** How many are as they should be. */
  readonly same: number;
}

/** In which order things are made and changed; they are removed the other way round. */
const ORDER: readonly Item['kind'][] = ['project', 'backend', 'key', 'model', 'price', 'budget', 'limit'];

/**
 * What makes `present` into `wanted`. Pure, and empty when it is applied to its own result.
 * @param whole the kinds whose `wanted` is all that there shall be: the others lose nothing.
 */
export function difference(wanted: readonly Item[], present: readonly Item[], whole: ReadonlySet<Item['kind']>): Difference {
  const before = new Map(present.map((item) => [idOf(item), item]));
  const after = new Map(wanted.map((item) => [idOf(item), item]));
  const made: Change[] = [];
  let same = 0;
  for (const item of after.values()) {
    const old = before.get(idOf(item));
    const fields = fieldChanges(old?.fields ?? {}, item.fields);
    if (!old) made.push({ action: 'add', kind: item.kind, name: item.name, fields });
    else if (fields.length > 0) made.push({ action: 'change', kind: item.kind, name: item.name, fields });
    else same += 1;
  }
  const gone = [...before.values()].filter((item) => whole.has(item.kind) && !after.has(idOf(item)))
    .map((item): Change => ({ action: 'remove', kind: item.kind, name: item.name, fields: [] }));
  const rank = ({ kind }: Change) => ORDER.indexOf(kind);
  const byPlace = (a: Change, b: Change) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1);
  return { changes: [...made.toSorted(byPlace), ...gone.toSorted((a, b) => byPlace(b, a))], same };
}

export function fieldChanges(before: Item['fields'], after: Item['fields']): FieldChange[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted().flatMap((field) => {
    const [one, other] = [text(before[field]), text(after[field])];
    return one === other ? [] : [{ field, before: one, after: other }];
  });
}

/** With sorted names, so that the order in which fields were written is no difference. */
function text(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? value : JSON.stringify(sorted(value));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, sorted(inner)]));
}

function idOf({ kind, name }: Item): string {
  return `${kind} ${name}`;
}
