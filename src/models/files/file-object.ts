import type { StoredContent } from '../content/index.ts';

/** Purposes that callers may upload for, as OpenAI's API reference lists them ("Upload file"). */
export const FILE_PURPOSES = ['assistants', 'batch', 'fine-tune', 'vision', 'user_data', 'evals'] as const;
export type FilePurpose = (typeof FILE_PURPOSES)[number] | 'batch_output';

/** OpenAI's "File object" (platform.openai.com/docs/api-reference/files/object). Times are Unix seconds. */
export interface FileObject {
  readonly id: string;
  readonly object: 'file';
  readonly bytes: number;
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly filename: string;
  readonly purpose: string;
  readonly status: 'processed';
}

/** A page of a list in OpenAI's form. */
export interface CursorList<T> {
  readonly object: 'list';
  readonly data: readonly T[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
}

export function fileObject(content: StoredContent): FileObject {
  const { filename } = content.about;
  return {
    id: content.id, object: 'file', bytes: content.bytes, created_at: seconds(content.createdAtMs), expires_at: content.expiresAtMs === null ? null : seconds(content.expiresAtMs),
    filename: typeof filename === 'string' ? filename : '', purpose: content.kind ?? '', status: 'processed',
  };
}

export function cursorList<T extends { readonly id: string }>(data: readonly T[], more: boolean): CursorList<T> {
  return { object: 'list', data, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more: more };
}

export function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
