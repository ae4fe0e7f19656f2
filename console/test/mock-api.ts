import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { Schemas } from '../src/api/client.ts';
import { SCENARIOS, consentOf } from './mock-content.ts';
import { MONTH, NOW, emptyWorld, fullWorld, id } from './mock-data.ts';
import type { World } from './mock-data.ts';
import { fleetHandlers } from './mock-fleet-routes.ts';
import { orderHandlers } from './mock-orders.ts';
import { Refusal, all, found } from './mock-handlers.ts';
import type { Handlers, Incoming } from './mock-handlers.ts';
import { bill, overview } from './mock-money.ts';
import { deliveriesOf, failuresOf, newFeed, newHook, newWebhook } from './mock-outgoing.ts';
import { serveScreen } from './mock-screen.ts';
import type { MockScreen } from './mock-screen.ts';
import { sendCast } from './mock-recordings.ts';
import { serveTerminal } from './mock-terminal.ts';
import type { MockTerminal } from './mock-terminal.ts';
import { detailOf, errorsOf, latencyOf, listOf, spendOf } from './mock-sight.ts';

export { Refusal };

/**
 * A server that keeps the contract's forms (the compiler checks every reply against the generated
 * schema) and remembers what is done to it. It stands in for Tandem where a page's look and behaviour
 * is tested; the acceptance test drives the real one.
 */
export type Mode = 'full' | 'empty' | 'error' | 'loading';

const PERMISSIONS = ['organisation', 'projects', 'keys', 'members', 'events', 'prices', 'budgets', 'webhooks', 'usage', 'bill', 'models', 'nodes', 'leases', 'recordings', 'pools', 'orders', 'system'].flatMap((what) => [`${what}.read`, `${what}.write`]).concat('models.call', 'costs.read');
const ROTATED = { secret: 'whsec_cm90YXRlZC1zZWNyZXQtc2hvd24tb25jZS1uZXZlcg==', bothUntil: new Date(NOW + 86_400_000).toISOString() };
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json' };
const page = <T>(items: readonly T[], query: URLSearchParams): { items: T[]; nextCursor: string | null } => {
  const limit = Number(query.get('limit') ?? 100);
  const from = Number(query.get('cursor') ?? 0);
  return { items: items.slice(from, from + limit), nextCursor: from + limit < items.length ? String(from + limit) : null };
};

export interface MockApi {
  readonly url: string;
  /** What the server remembers; tests may change it. */
  readonly world: () => World;
  reset(mode: Mode): void;
  /** Who is signed in: a role's permissions, somebody of an organisation that is not the operator's, or nobody. */
  signIn(role: 'owner' | 'viewer' | 'tenant' | null): void;
  /** Makes the next call of this operation fail. */
  failNext(operation: string, refusal: Refusal): void;
  /** Sends a live event to every page; `cut` closes their streams and refuses new ones until `mend`. */
  live(type: string): void;
  cut(): void;
  mend(): void;
  /** Milliseconds between the tokens of a reply. */
  pace(ms: number): void;
  readonly calls: string[];
  readonly screen: MockScreen;
  readonly terminal: MockTerminal;
  close(): Promise<void>;
}

export async function startMockApi(dist: string): Promise<MockApi> {
  let world = fullWorld();
  let mode: Mode = 'full';
  let role: 'owner' | 'viewer' | 'tenant' | null = 'owner';
  let cut = false;
  let paceMs = 12;
  const calls: string[] = [];
  const failures = new Map<string, Refusal>();
  const streams = new Set<ServerResponse>();

  const handlers: Handlers = {
    'GET /api/whoami': () => ({ organisation: world.organisation, project: null, actor: { kind: 'member', id: id(), label: role === 'viewer' ? 'Yuki Sato' : 'Ines Okafor' }, role: role === 'tenant' ? 'owner' : (role ?? 'viewer'), permissions: PERMISSIONS.filter((name) => role === 'owner' || (role === 'tenant' ? name !== 'costs.read' : name.endsWith('.read'))), version: '0.1.0' }),
    'GET /api/login': () => ({ link: true, key: true, oidc: { name: 'Harbour SSO', url: '/api/login/oidc' } }),
    'POST /api/login/key': ({ body }) => {
      if (body.key !== 'tdm_right') throw new Refusal(401, { code: 'invalid_api_key', message: 'The API key is missing or not valid.', next: 'Send a valid key, or make one with tandem keys create NAME.' });
      role = 'owner';
      return { ok: true };
    },
    'POST /api/login/exchange': ({ body }) => {
      if (body.token !== 'right') throw new Refusal(401, { code: 'link_spent', message: 'This sign-in link is used or expired.', next: 'Print a new one with tandem login.' });
      role = 'owner';
      return { ok: true };
    },
    'POST /api/invitations/accept': () => {
      role = 'owner';
      return { ok: true };
    },
    'POST /api/logout': () => {
      role = null;
      return undefined;
    },
    'GET /api/overview': () => overview(world),
    'GET /api/doctor': () => ({ state: 'pass', version: '0.1.0', checks: [] }),
    'PATCH /api/organisation': ({ body }) => Object.assign(world.organisation, body),
    'GET /api/projects': () => all(world.projects),
    'PATCH /api/projects/{id}': ({ path, body }) => Object.assign(world.projects.find((project) => project.id === path.id)!, body),
    'GET /api/projects/{id}/consent': ({ path }) => consentOf(world, path['id']!),
    'POST /api/projects/{id}/consent': ({ path }) => {
      Object.assign(world.projects.find((project) => project.id === path.id)!, { tier: 'contributor' });
      return consentOf(world, path['id']!);
    },
    'DELETE /api/projects/{id}/consent': ({ path }) => {
      Object.assign(world.projects.find((project) => project.id === path.id)!, { tier: 'standard' });
      return consentOf(world, path['id']!);
    },
    'GET /api/projects/{id}/contributions': ({ path }) => (world.projects.find((project) => project.id === path['id'])?.tier === 'contributor' ? { kept: 18_204, notKept: { tooMany: '37', tooLarge: '2', failed: '0' }, lastNotKeptAt: new Date(NOW - 90 * 60_000).toISOString() } : { kept: 0, notKept: { tooMany: '0', tooLarge: '0', failed: '0' }, lastNotKeptAt: null }),
    'GET /api/feedback/summary': () => all(mode === 'empty' ? [] : SCENARIOS),
    'POST /api/projects': ({ body }) => {
      const project = { id: id(), name: body.name, slug: body.name.toLowerCase(), tier: 'standard' as const, store: true, paysAttempts: null, createdAt: new Date(NOW).toISOString(), archivedAt: null };
      world.projects.push(project);
      return project;
    },
    'GET /api/keys': ({ query }) => page(world.keys, query),
    'GET /api/keys/{id}': ({ path }) => found(world.keys, path['id']),
    'POST /api/keys': ({ body }) => {
      const project = world.projects.find((one) => one.id === body.projectId) ?? world.projects[0];
      const key: Schemas['Key'] = { id: id(), name: body.name, prefix: 'tdm_N3wK', projectId: project?.id ?? null, projectName: project?.name ?? null, role: body.role ?? 'developer', owner: { kind: 'member', id: null, label: 'Ines Okafor' }, models: body.models ?? null, budget: body.budget ? { id: id(), amount: body.budget.amount, spent: '0', period: body.budget.period ?? 'month' } : null, state: 'active', createdAt: new Date(NOW).toISOString(), expiresAt: body.expiresAt ?? null, revokedAt: null, lastUsedAt: null, replacedBy: null, cacheSeconds: null };
      world.keys.unshift(key);
      return { key, secret: 'tdm_N3wKq8ZxV1mRb7TyL0pWc5Hs2JdFg9Ea4uXi6' };
    },
    'PATCH /api/keys/{id}': ({ path, body }) => Object.assign(found(world.keys, path['id']), body),
    'POST /api/keys/{id}/rotate': ({ path }) => {
      const old = found(world.keys, path['id']);
      const key: Schemas['Key'] = { ...old, id: id(), prefix: 'tdm_R0ta', lastUsedAt: null };
      Object.assign(old, { state: 'rotating', replacedBy: key.id });
      world.keys.unshift(key);
      return { key, secret: 'tdm_R0taq8ZxV1mRb7TyL0pWc5Hs2JdFg9Ea4uXi6' };
    },
    'DELETE /api/keys/{id}': ({ path }) => Object.assign(found(world.keys, path['id']), { state: 'revoked' as const, revokedAt: new Date(NOW).toISOString() }),
    'GET /api/usage': ({ query }) => all(world.usage.filter(({ keyId }) => query.get('keyId') === null || keyId === query.get('keyId'))),
    'GET /api/requests': ({ query }) => listOf(world.calls, query),
    'GET /api/requests/errors': () => errorsOf(world.calls),
    'GET /api/requests/{id}': ({ path }) => detailOf(found(world.calls, path['id'])),
    'GET /api/latency': ({ query }) => latencyOf(world, query),
    'GET /api/spend': ({ query }) => spendOf(world, query),
    'GET /api/bill': ({ query }) => bill(world, query.get('month') ?? MONTH),
    'GET /api/bill/verify': () => ({ ok: true, difference: '0', lostToCrashes: { calls: '0', note: '' }, firstFault: null, checks: ['Charges', 'Roll-ups', 'Budget counters', 'Invoices', 'Sequence numbers'].map((title) => ({ id: title, title, state: 'pass' as const, checked: '150088', difference: '0', detail: null })) }),
    'GET /api/budgets': () => all(world.budgets),
    'POST /api/budgets': ({ body }) => {
      const name = [world.organisation, ...world.projects, ...world.keys].find((one) => one.id === body.scope.id)?.name ?? '';
      const subject = body.subject ?? null;
      const holder = `${subject === null ? '' : subject.name === null ? `each ${subject.kind} of ` : `${subject.kind} ${subject.name} of `}${body.scope.kind} ${name}`;
      const budget: Schemas['Budget'] = { id: id(), scope: { ...body.scope, name }, subject, holder, each: subject?.name === null ? { names: 0, exhausted: 0, most: [] } : null, amount: body.amount, currency: 'USD', period: body.period ?? 'month', spent: '0', held: '0', left: body.amount, windowStart: '2026-11-01T00:00:00.000Z', windowEnd: '2026-12-01T00:00:00.000Z', createdAt: new Date(NOW).toISOString(), alertShares: body.alertShares ?? [] };
      world.budgets.push(budget);
      return budget;
    },
    'PATCH /api/budgets/{id}': ({ path, body }) => Object.assign(found(world.budgets, path['id']), body),
    'DELETE /api/budgets/{id}': ({ path }) => {
      world.budgets = world.budgets.filter((one) => one.id !== path['id']);
      return undefined;
    },
    'GET /api/limits': () => all(world.limits),
    'POST /api/limits': ({ body }) => {
      const name = [world.organisation, ...world.projects, ...world.keys].find((one) => one.id === body.scope.id)?.name ?? '';
      const scope = `${body.scope.kind} ${name}`;
      const subject = body.subject ?? null;
      const holder = subject === null ? scope : subject.name === null ? `each ${subject.kind} of ${scope}` : `${subject.kind} ${subject.name} of ${scope}`;
      const limit: Schemas['Limit'] = { id: id(), scope: { ...body.scope, name }, subject, metric: body.metric, amount: body.amount, holder, createdAt: new Date(NOW).toISOString() };
      world.limits.push(limit);
      return limit;
    },
    'PATCH /api/limits/{id}': ({ path, body }) => Object.assign(found(world.limits, path['id']), body),
    'DELETE /api/limits/{id}': ({ path }) => {
      world.limits = world.limits.filter((one) => one.id !== path['id']);
      return undefined;
    },
    'GET /api/prices': () => all(world.prices),
    'POST /api/prices': ({ body }) => {
      const price: Schemas['Price'] = { id: id(), resource: body.resource, tier: body.tier ?? 'standard', side: 'sell', backendId: null, currency: 'USD', buckets: body.buckets, flexBuckets: null, effectiveFrom: body.effectiveFrom ?? new Date(NOW).toISOString(), effectiveTo: null, source: body.source, createdAt: new Date(NOW).toISOString(), createdBy: 'Ines Okafor' };
      world.prices.unshift(price);
      return price;
    },
    'GET /api/invoices': () => all(world.invoices),
    'GET /api/invoices/{id}': ({ path }) => found(world.invoices, path['id']),
    'POST /api/invoices/{id}/adjustments': ({ path, body }) => {
      const adjustment = { id: id(), ...body, author: 'Ines Okafor', at: new Date(NOW).toISOString() };
      found(world.invoices, path['id']).adjustmentList.push(adjustment);
      return adjustment;
    },
    'GET /api/credits': () => all(world.credits),
    'POST /api/credits': ({ body }) => {
      const credit: Schemas['Credit'] = { id: body.id, kind: body.kind, amount: body.amount, left: body.amount, currency: 'USD', grantedAt: new Date(NOW).toISOString(), expiresAt: body.expiresAt ?? null, reason: body.reason, author: 'Ines Okafor' };
      world.credits.push(credit);
      return credit;
    },
    'GET /api/models': () => all(world.models),
    'PATCH /api/models/{name}': ({ path, body }) => {
      const model = world.models.find(({ name }) => name === path['name'])!;
      const targets = body.targets?.map((target) => {
        const backend = found(world.backends, target.backendId);
        const before = model.targets.find((one) => one.backend.id === target.backendId) ?? model.targets[0]!;
        return { ...before, model: target.model, weight: target.weight ?? 1, order: target.order ?? 0, region: target.region ?? null, backend: { id: backend.id, name: backend.name, kind: backend.kind } };
      });
      return Object.assign(model, { ...(body.goal && { goal: body.goal }), ...(body.regions && { regions: body.regions }), ...(targets && { targets }) });
    },
    'GET /api/hooks': () => all(world.outgoing.hooks),
    'POST /api/hooks': ({ body }) => {
      const hook = newHook(body);
      world.outgoing.hooks.push(hook);
      return { hook, secret: 'whsec_aG9vay1zZWNyZXQtc2hvd24tb25jZS1hbmQtbmV2ZXI=' };
    },
    'PATCH /api/hooks/{id}': ({ path, body }) => Object.assign(found(world.outgoing.hooks, path['id']), body),
    'POST /api/hooks/{id}/rotate': () => ROTATED,
    'POST /api/hooks/{id}/test': ({ path }) => ({ tries: found(world.outgoing.hooks, path['id']).stage === 'both' ? [{ stage: 'request', action: 'allow', problem: null, ms: 41 }, { stage: 'reply', action: null, problem: 'it answered 500', ms: 12 }] : [{ stage: 'request', action: 'block', problem: null, ms: 38 }] }),
    'GET /api/hooks/{id}/failures': ({ path }) => all(failuresOf(found(world.outgoing.hooks, path['id']))),
    'DELETE /api/hooks/{id}': ({ path }) => void world.outgoing.hooks.splice(world.outgoing.hooks.findIndex((one) => one.id === path['id']), 1),
    'GET /api/webhooks': () => all(world.outgoing.webhooks),
    'POST /api/webhooks': ({ body }) => {
      const endpoint = newWebhook(body.url);
      world.outgoing.webhooks.push(endpoint);
      return { endpoint, secret: 'whsec_d2ViaG9vay1zZWNyZXQtc2hvd24tb25jZS1uZXZlcg==' };
    },
    'POST /api/webhooks/{id}/rotate': () => ROTATED,
    'GET /api/webhooks/{id}/deliveries': ({ path }) => all(deliveriesOf(found(world.outgoing.webhooks, path['id']))),
    'DELETE /api/webhooks/{id}': ({ path }) => void world.outgoing.webhooks.splice(world.outgoing.webhooks.findIndex((one) => one.id === path['id']), 1),
    'GET /api/feeds': () => all(world.outgoing.feeds),
    'POST /api/feeds': ({ body }) => {
      const feed = newFeed(body);
      world.outgoing.feeds.push(feed);
      return { feed, secret: 'whsec_ZmVlZC1zZWNyZXQtc2hvd24tb25jZS1hbmQtbmV2ZXI=' };
    },
    'PATCH /api/feeds/{id}': ({ path, body }) => Object.assign(found(world.outgoing.feeds, path['id']), body.paused === undefined ? {} : { state: body.paused ? 'paused' : 'sending' }),
    'POST /api/feeds/{id}/rotate': () => ROTATED,
    'DELETE /api/feeds/{id}': ({ path }) => void world.outgoing.feeds.splice(world.outgoing.feeds.findIndex((one) => one.id === path['id']), 1),
    ...fleetHandlers(() => world),
    ...orderHandlers(() => world),
    'GET /api/backends': () => all(world.backends),
    'POST /api/backends/{id}/check': () => ({ ok: true, latencyMs: 41, models: ['Qwen3-30B-A3B'], problem: null, next: null }),
    'GET /api/members': () => all(world.members),
    'GET /api/invitations': () => all(world.invitations),
    'POST /api/invitations': ({ body }) => {
      const invitation: Schemas['Invitation'] = { id: id(), email: body.email, role: body.role ?? 'developer', invitedBy: 'Ines Okafor', createdAt: new Date(NOW).toISOString(), expiresAt: new Date(NOW + 7 * 86_400_000).toISOString(), state: 'open' };
      world.invitations.unshift(invitation);
      return { invitation, url: 'http://127.0.0.1:4600/invite#token=once' };
    },
    'GET /api/service-accounts': () => all(world.accounts),
    'GET /api/events': ({ query }) => page(world.events.filter(({ action }) => query.get('action') === null || action === query.get('action')), query),
    'GET /api/events/verify': () => ({ ok: true, checked: 212, firstBroken: null }),
  };
  const table = Object.entries(handlers).map(([operation, handler]) => {
    const [method, path] = operation.split(' ') as [string, string];
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
    return { operation, method, names, pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '([^/]+)')}$`), handler: handler as (call: Incoming<unknown>) => unknown };
  });

  const answer = (response: ServerResponse, status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': '01938f2a-7c00-7abc-8a3d-000000000001' });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  };
  const refuse = (response: ServerResponse, { status, error }: Refusal): void => answer(response, status, { error: { ...error, requestId: '01938f2a-7c00-7abc-8a3d-000000000001' } });

  const control = async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    const entry = table.find(({ method, pattern }) => method === request.method && pattern.test(url.pathname));
    if (!entry) return refuse(response, new Refusal(404, { code: 'not_found', message: `There is nothing at ${url.pathname}.`, next: 'See /openapi.json for every route.' }));
    const door = ['/api/login', '/api/login/key', '/api/login/exchange', '/api/invitations/accept'].includes(url.pathname);
    if (role === null && !door) return refuse(response, new Refusal(401, { code: 'session_required', message: 'You are not signed in.', next: 'Open a sign-in link from tandem login.' }));
    if (request.method !== 'GET' && request.headers['x-tandem-csrf'] !== '1') return refuse(response, new Refusal(403, { code: 'csrf_failed', message: 'The request did not come from this console.', next: 'Reload the page and try again.' }));
    const always = url.pathname === '/api/whoami' || door;
    if (mode === 'loading' && !always) return undefined;
    if (mode === 'error' && !always) return refuse(response, new Refusal(503, { code: 'database_stale', message: 'The server has had no contact with its database for 7 s and cannot check this call.', next: 'Try again in some seconds; an operator sees the cause with tandem doctor.' }));
    const planned = failures.get(entry.operation);
    failures.delete(entry.operation);
    if (planned) return refuse(response, planned);
    const parts = entry.pattern.exec(url.pathname)!.slice(1).map((part) => decodeURIComponent(part));
    const text = await read(request);
    try {
      const reply = entry.handler({ path: Object.fromEntries(entry.names.map((name, index) => [name, parts[index] ?? ''])), query: url.searchParams, body: text === '' ? undefined : JSON.parse(text) });
      return answer(response, reply === undefined ? 204 : 200, role === 'tenant' && reply !== undefined ? withoutCosts(reply) : reply);
    } catch (error) {
      if (error instanceof Refusal) return refuse(response, error);
      throw error;
    }
  };

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (url.pathname.startsWith('/api') || url.pathname.startsWith('/v1')) calls.push(`${request.method} ${url.pathname}`);
    if (url.pathname === '/api/live') {
      if (cut || role === null) return refuse(response, new Refusal(503, { code: 'shutting_down', message: 'The server is stopping.', next: 'Try again in some seconds.' }));
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${JSON.stringify({ type: 'heartbeat', at: new Date(NOW).toISOString() })}\n\n`);
      streams.add(response);
      response.on('close', () => streams.delete(response));
      return undefined;
    }
    if (url.pathname === '/v1/chat/completions') return void chat(request, response, () => paceMs, failures);
    if (url.pathname.startsWith('/api/recordings/')) return void sendCast(response, url.pathname);
    if (url.pathname.startsWith('/api/')) return void control(request, response, url);
    const file = join(dist, url.pathname);
    const chosen = extname(url.pathname) !== '' && existsSync(file) ? file : join(dist, 'index.html');
    response.writeHead(200, { 'content-type': TYPES[extname(chosen)] ?? 'application/octet-stream', 'content-security-policy': POLICY, 'x-content-type-options': 'nosniff' });
    createReadStream(chosen).pipe(response);
    return undefined;
  });
  const screen = serveScreen(server);
  const terminal = serveTerminal(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const end = (): void => {
    for (const stream of streams) stream.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    world: () => world,
    reset(next) {
      mode = next;
      role = 'owner';
      world = next === 'empty' ? emptyWorld() : fullWorld();
      failures.clear();
      cut = false;
    },
    signIn(next) {
      role = next;
    },
    failNext: (operation, refusal) => void failures.set(operation, refusal),
    live(type) {
      for (const stream of streams) stream.write(`event: ${type}\ndata: ${JSON.stringify({ type, at: new Date(NOW).toISOString() })}\n\n`);
    },
    cut() {
      cut = true;
      end();
    },
    mend() {
      cut = false;
    },
    pace(ms) {
      paceMs = ms;
    },
    calls, screen, terminal,
    close: async () => {
      end();
      screen.cut();
      terminal.cut();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** As the server's: whoever is not the operator gets no cost. */
function withoutCosts(reply: unknown): unknown {
  return JSON.parse(JSON.stringify(reply, (name, value: unknown) => (['cost', 'margin', 'costUnknown', 'machine'].includes(name) ? undefined : value)));
}

async function read(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request) text += String(part);
  return text;
}

/** Streams a fixed answer word by word, with usage and receipt in the last chunk. */
async function chat(request: IncomingMessage, response: ServerResponse, pace: () => number, failures: Map<string, Refusal>): Promise<void> {
  const body = JSON.parse(await read(request)) as Schemas['ChatRequest'];
  const planned = failures.get('POST /v1/chat/completions');
  if (planned) {
    failures.delete('POST /v1/chat/completions');
    response.writeHead(planned.status, { 'content-type': 'application/json' });
    return void response.end(JSON.stringify({ error: { message: `${planned.error.message} ${planned.error.next}`, type: 'insufficient_quota', param: null, code: planned.error.code } }));
  }
  const prompt = String(body.messages.at(-1)?.content ?? '');
  const text = /capital/i.test(prompt) ? 'The capital of France is Paris.' : 'Rate limiting is a rule about how many requests a client may send in a given time. It keeps one busy client from taking the whole service, and it turns an overload into a clear answer that says when to try again.';
  const words = text.split(/(?= )/);
  const base = { id: 'chatcmpl-01938f2a-7c00-7fff-8a3d-00000000beef', object: 'chat.completion.chunk' as const, created: Math.floor(NOW / 1000), model: body.model };
  const frame = (chunk: Schemas['ChatChunk']): boolean => response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let gone = false;
  response.on('close', () => {
    gone = true;
  });
  const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, pace()));
  await wait();
  for (const word of words) {
    if (gone) return;
    frame({ ...base, choices: [{ index: 0, delta: { content: word } }] });
    await wait();
  }
  const output = words.length + 1;
  frame({ ...base, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  frame({
    ...base, choices: [], usage: { prompt_tokens: 37, completion_tokens: output, total_tokens: 37 + output, prompt_tokens_details: { cached_tokens: 24 } },
    tandem: { id: '01938f2a-7c00-7fff-8a3d-00000000beef', charge: String(13 * 20_000 + 24 * 2000 + output * 80_000), currency: 'USD', backend: 'This machine', alias: body.model, timings: { queueMs: 1, firstTokenMs: 31, totalMs: 212 },
      lines: [{ bucket: 'input', quantity: '13', amount: String(13 * 20_000) }, { bucket: 'cache_read', quantity: '24', amount: String(24 * 2000) }, { bucket: 'output', quantity: String(output), amount: String(output * 80_000) }] },
  });
  response.end('data: [DONE]\n\n');
}
