import type { ReasoningPart } from './parts.ts';

type Sealed = NonNullable<ReasoningPart['sealed']>;

/** What a caller keeps between two calls: a backend's opaque state, and the id that its dialect gave the thought. */
export interface SealedThought {
  /** Null: the thought came without any, and only says that it is no thought of the caller's own dialect. */
  readonly sealed: Sealed | null;
  readonly id: string | null;
}

const PREFIX = 'tandem1.';
const DIALECTS: ReadonlySet<string> = new Set<Sealed['dialect']>(['chat', 'responses', 'messages', 'gemini', 'bedrock', 'local']);
const KINDS: ReadonlySet<string> = new Set<Sealed['kind']>(['signature', 'encrypted', 'redacted']);

/**
 * Opaque state of one dialect as text for a caller of another (a signature, encrypted content), so that it comes back unchanged to
 * the dialect that made it. It is not secret and not signed here: the backend that made it checks it by itself.
 */
export function wrapThought({ sealed, id }: SealedThought): string {
  const words = sealed === null ? ['', '', ''] : [sealed.dialect, sealed.kind, sealed.value];
  return PREFIX + Buffer.from(JSON.stringify([...words, id ?? ''])).toString('base64url');
}

/** Undefined for what was not wrapped here: then it is the own state of the dialect that the caller speaks. */
export function unwrapThought(text: string): SealedThought | undefined {
  if (!text.startsWith(PREFIX)) return undefined;
  let words: unknown;
  try {
    words = JSON.parse(Buffer.from(text.slice(PREFIX.length), 'base64url').toString());
  } catch {
    return undefined;
  }
  if (!isWords(words)) return undefined;
  const [dialect, kind, value, id] = words;
  return { sealed: isDialect(dialect) && isKind(kind) ? { dialect, kind, value } : null, id: id === '' ? null : id };
}

function isWords(value: unknown): value is [string, string, string, string] {
  return Array.isArray(value) && value.length === 4 && value.every((word) => typeof word === 'string');
}

function isDialect(word: string): word is Sealed['dialect'] {
  return DIALECTS.has(word);
}

function isKind(word: string): word is Sealed['kind'] {
  return KINDS.has(word);
}
