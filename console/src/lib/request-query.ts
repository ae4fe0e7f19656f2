/** What the filter of the requests page understands, beside an id: `name:value` words. */
const NAMES = { code: 'code', status: 'status', user: 'user', tag: 'tag', scenario: 'scenario', tier: 'tier', dialect: 'dialect', backend: 'backendId', min: 'minMs' } as const;
type Word = keyof typeof NAMES;

export interface RequestQuery {
  readonly id?: string;
  readonly code?: string;
  readonly status?: number;
  readonly user?: string;
  readonly tag?: string;
  readonly scenario?: string;
  readonly tier?: string;
  readonly dialect?: string;
  readonly backendId?: string;
  readonly minMs?: number;
}

const HEX = /[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}/i;

/** Reads the filter. `problem`: what of it means nothing, in words; the rest still holds. */
export function readRequestQuery(text: string): { query: RequestQuery; problem: string | undefined } {
  const id = HEX.exec(text);
  if (id) return { query: { id: id[0] }, problem: undefined };
  const query: Record<string, string | number> = {};
  const unknown: string[] = [];
  // A value with spaces stands in quotes: user:"Ada Lovelace".
  for (const [word, name, quoted, plain] of text.matchAll(/([a-z]+):(?:"([^"]*)"|(\S*))|\S+/gi)) {
    const value = quoted ?? plain ?? '';
    const known = name !== undefined && Object.hasOwn(NAMES, name.toLowerCase()) ? (name.toLowerCase() as Word) : undefined;
    const number = known === 'min' ? milliseconds(value) : known === 'status' && /^[45]\d\d$/.test(value) ? Number(value) : undefined;
    if (known === undefined || (value !== '' && (known === 'min' || known === 'status') && number === undefined)) unknown.push(word);
    else if (value !== '') query[NAMES[known]] = number ?? value;
  }
  return { query, problem: unknown.length === 0 ? undefined : `Not understood: ${unknown.join(' ')}. Write an id, or ${Object.keys(NAMES).map((name) => `${name}:`).join(' ')} with a value, such as code:budget_exceeded or min:5s.` };
}

/** 250ms, 5s, 2m; a bare number is milliseconds. */
function milliseconds(text: string): number | undefined {
  const match = /^(\d{1,8}(?:\.\d+)?)(ms|s|m)?$/.exec(text);
  return match ? Math.round(Number(match[1]) * { ms: 1, s: 1_000, m: 60_000 }[(match[2] ?? 'ms') as 'ms' | 's' | 'm']) : undefined;
}

/** The same as options of `tandem requests`. */
export function queryOptions({ id: _id, backendId, minMs, status, ...same }: RequestQuery): Record<string, string | undefined> {
  return { ...same, backend: backendId, status: status === undefined ? undefined : String(status), 'min-ms': minMs === undefined ? undefined : String(minMs) };
}
