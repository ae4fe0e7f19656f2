import { TandemError } from '../../base/index.ts';
import type { FilePage, FileShown } from '../faces.ts';
import { wholeIn } from './query.ts';

/** Anthropic's Files API: 20 where nothing is said, 1,000 at most; a file expires after an hour at the soonest. */
const USUAL = 20;
const MOST = 1_000;

/** Media types by the ending of a name: a list of files looks into none. */
const TYPES: Readonly<Record<string, string>> = {
  pdf: 'application/pdf', png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif', webp: 'image/webp', txt: 'text/plain', md: 'text/markdown', csv: 'text/csv', html: 'text/html',
  json: 'application/json', jsonl: 'application/jsonl',
};

/** A file in the form of Anthropic's API (@anthropic-ai/sdk 1.14, `BetaFileMetadata`). Every file here can be read back. */
export function anthropicFile({ id, bytes, filename, created_at: created, expires_at: expires }: FileShown) {
  const ending = /\.([a-z0-9]+)$/i.exec(filename)?.[1]?.toLowerCase() ?? '';
  return {
    type: 'file', id, filename, mime_type: TYPES[ending] ?? 'application/octet-stream', size_bytes: bytes, created_at: rfc3339(created), expires_at: expires === null ? null : rfc3339(expires), downloadable: true, scope: null,
  };
}

/** What a page of their list asks for: its cursor is the last file of the page before. @throws TandemError invalid_request */
export function anthropicPage(query: URLSearchParams): { readonly limit: number; readonly after: string | undefined; readonly order: 'desc' } {
  for (const name of query.keys()) if (name.startsWith('ids') || name === 'scope_id') throw refused(name, `${name} is not available here: files are listed whole, page by page.`);
  return { limit: wholeIn(query, 'limit', 1, MOST, USUAL), after: query.get('page') ?? undefined, order: 'desc' };
}

export function anthropicFiles({ data, has_more: more }: FilePage) {
  return { data: data.map(anthropicFile), has_more: more, next_page: more ? (data.at(-1)?.id ?? null) : null };
}

/** The fields of their form as those of ours: it names no purpose, and an expiry in seconds. */
export function fieldsOfAnthropic(fields: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const seconds = fields.get('expires_in_seconds');
  return new Map([['purpose', 'user_data'], ...(seconds === undefined ? [] : [['expires_after[anchor]', 'created_at'], ['expires_after[seconds]', seconds]] as [string, string][])]);
}

function rfc3339(unixSeconds: number): string {
  return new Date(unixSeconds * 1_000).toISOString();
}

function refused(param: string, reason: string): TandemError {
  return new TandemError('invalid_request', { param, params: { reason } });
}
