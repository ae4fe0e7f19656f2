/** What is kept of a caller's own labels: more, or longer ones, are cut. */
export const LABEL_LIMITS = { tags: 8, tagLength: 64, userLength: 128, wordsLength: 200 } as const;

/** A caller's user and tags, as its event keeps them: what a budget holds a call by is what its event is counted by. */
export interface Labels {
  /** Empty: the caller names none. */
  readonly user: string;
  /** Each once. */
  readonly tags: readonly string[];
}

export function labelsOf({ user, tags }: { readonly user?: string | null; readonly tags?: readonly string[] }): Labels {
  return { user: userLabel(user ?? ''), tags: tags === undefined || tags.length === 0 ? NO_TAGS : [...new Set(tags.slice(0, LABEL_LIMITS.tags).map(tagLabel))] };
}

export function userLabel(user: string): string {
  return plain(cut(user, LABEL_LIMITS.userLength));
}

export function tagLabel(tag: string): string {
  return plain(cut(tag, LABEL_LIMITS.tagLength));
}

/** The labels of an event's attributes, which may have come from outside. */
export function labelsIn(attributes: string): Labels {
  const { user, tags } = JSON.parse(attributes) as { user?: unknown; tags?: unknown };
  return { user: typeof user === 'string' ? user : '', tags: Array.isArray(tags) ? [...new Set(tags.filter((tag) => typeof tag === 'string'))] : NO_TAGS };
}

const NO_TAGS: readonly string[] = [];

export function cut(label: string, length: number): string {
  return label.length <= length ? label : label.slice(0, length);
}

/** Without what Postgres' jsonb refuses: U+0000, half a surrogate pair. */
export function plain(text: string): string {
  return text.replaceAll('\u0000', '').toWellFormed();
}
