import type { Program } from './program.ts';

/** One call of the control API with the admin key; fails the test on any other status than 2xx. */
export async function api<T>({ url, key }: Pick<Program, 'url' | 'key'>, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${url}${path}`, {
    method, headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

export interface UsageEvent {
  readonly id: string;
  readonly keyId: string | null;
  readonly resource: string;
  readonly outcome: string;
  readonly charge: string;
  readonly quantities: Readonly<Record<string, string>>;
}

/** Every usage event, read page by page. */
export async function allUsage(program: Pick<Program, 'url' | 'key'>): Promise<UsageEvent[]> {
  const events: UsageEvent[] = [];
  let cursor: string | null = null;
  do {
    const page: { items: UsageEvent[]; nextCursor: string | null } = await api(program, 'GET', `/api/usage?limit=500${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`);
    events.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return events;
}

/** Resolves once the ledger has posted everything that was logged; rejects after a bound. */
export async function posted({ url, key }: Pick<Program, 'url' | 'key'>, deadlineMs = 30_000): Promise<void> {
  const started = performance.now();
  for (;;) {
    const text = await (await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${key}` } })).text();
    const backlog = /^tandem_log_backlog_records(?:\{[^}]*\})? (\d+)/m.exec(text);
    if (backlog?.[1] === '0') return;
    if (performance.now() - started > deadlineMs) throw new Error(`the ledger still has ${backlog?.[1] ?? 'an unknown number of'} records to post`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Sets a price by the minute and waits until it is in force: the one that a new installation has goes on for some seconds. @param per60 picodollars for 60 minutes. */
export async function priceMinutes(program: Pick<Program, 'url' | 'key'>, resource: string, per60: string): Promise<void> {
  const { effectiveFrom } = await api<{ effectiveFrom: string }>(program, 'POST', '/api/prices', { resource, source: 'test', buckets: { minute: { price: per60, per: '60' } } });
  await new Promise((resolve) => setTimeout(resolve, Date.parse(effectiveFrom) - Date.now()));
}

/** Sets a price for an alias and waits until calls of it are answered: a price begins some seconds after it was made. */
export async function priceAndWait(program: Pick<Program, 'url' | 'key'>, alias: string): Promise<void> {
  const unit = (price: string) => ({ price, per: '1000000' });
  await api(program, 'POST', '/api/prices', { resource: alias, source: 'test', buckets: { input: unit('1000000000000'), cache_read: unit('100000000000'), output: unit('2000000000000') } });
  const started = performance.now();
  for (;;) {
    const response = await fetch(`${program.url}/v1/chat/completions`, {
      method: 'POST', headers: { authorization: `Bearer ${program.key}`, 'content-type': 'application/json' }, body: JSON.stringify({ model: alias, max_tokens: 8, messages: [{ role: 'user', content: 'warm' }] }),
    });
    const text = await response.text();
    if (response.ok) return;
    if (performance.now() - started > 30_000) throw new Error(`${alias} does not answer: ${response.status} ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
