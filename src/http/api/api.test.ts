import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHttpHouse, type HttpHouse } from '../testing/house.ts';

let house: HttpHouse;
beforeAll(async () => { house = await openHttpHouse(); });
afterAll(() => house[Symbol.asyncDispose]());

const cookieFrom = (headers: Headers) => headers.get('set-cookie')!.split(';')[0]!;

describe('the control API', () => {
  it('says who calls', async () => {
    const { status, body } = await house.ask('GET', '/api/whoami');
    expect(status).toBe(200);
    expect(body).toMatchObject({ organisation: { id: house.organisationId }, role: 'owner', version: '0.0.0' });
  });

  it('makes, shows, lists, rotates and revokes a key', async () => {
    const made = await house.ask('POST', '/api/keys', { name: 'ci' });
    expect(made.status).toBe(201);
    const { key, secret } = made.body as { key: { id: string }; secret: string };
    expect((await house.ask('GET', `/api/keys/${key.id}`)).body).toMatchObject({ name: 'ci', state: 'active', budget: null });
    expect((await house.ask('GET', '/api/keys?limit=1')).body).toMatchObject({ items: [{ id: key.id }], nextCursor: expect.any(String) });
    expect((await house.ask('GET', '/api/whoami', undefined, { 'x-api-key': secret })).body).toMatchObject({ role: 'developer' });
    expect((await house.ask('POST', `/api/keys/${key.id}/rotate`, {})).status).toBe(201);
    expect((await house.ask('DELETE', `/api/keys/${key.id}`)).body).toMatchObject({ state: 'revoked' });
    expect((await house.ask('GET', '/api/whoami', undefined, { 'x-api-key': secret })).status).toBe(401);
  });

  it.each([
    ['a field that is missing', 'POST', '/api/keys', {}, 'name'],
    ['a field of the wrong form', 'POST', '/api/keys', { name: 'x', budget: { amount: '-1' } }, 'budget.amount'],
    ['a number where a text of digits stands', 'POST', '/api/keys', { name: 'x', budget: { amount: 1e308 } }, 'budget.amount'],
    ['a field that nobody knows', 'POST', '/api/keys', { name: 'x', buget: {} }, 'buget'],
    ['a CRLF in a name', 'POST', '/api/keys', { name: 'a\r\nset-cookie: x' }, 'name'],
    ['a bidi override in a name', 'POST', '/api/keys', { name: 'a\u202eb' }, 'name'],
    ['an id that is none', 'GET', '/api/keys/..%2f..%2fetc', undefined, 'id'],
    ['a limit that is too large', 'GET', '/api/keys?limit=100000', undefined, 'limit'],
    ['a limit that is no number', 'GET', '/api/keys?limit=NaN', undefined, 'limit'],
    ['a NUL in a filter', 'GET', '/api/events?action=%00', undefined, 'action'],
    ['a query that nobody knows', 'GET', '/api/keys?offset=1', undefined, 'offset'],
  ])('refuses %s and names it', async (_what, method, path, body, param) => {
    const reply = await house.ask(method, path, body);
    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({ error: { code: 'invalid_request', param, requestId: reply.headers.get('x-request-id'), next: expect.any(String) } });
  });

  it.each([
    ['nothing', ''], ['half an object', '{"name":'], ['a bare NaN', '{"name": NaN}'], ['a __proto__ key', '{"name":"x","__proto__":{"role":"owner"}}'],
    ['a constructor key', '{"name":"x","constructor":{"prototype":{"role":"owner"}}}'], ['an escaped __proto__ key', '{"name":"x","\\u005f_proto__":{}}'], ['100,000 brackets', '['.repeat(100_000)],
  ])('refuses a body that is %s', async (_what, text) => {
    const reply = await house.ask('POST', '/api/projects', text);
    expect([reply.status, (reply.body as { error: { code: string } }).error.code]).toEqual([400, text === '' ? 'invalid_request' : 'invalid_json']);
  });

  it('refuses other content types, compressed bodies, unknown paths and methods', async () => {
    const key = { authorization: `Bearer ${house.adminKey}` };
    expect((await house.ask('POST', '/api/projects', 'name=x', { ...key, 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415);
    expect((await house.ask('POST', '/api/projects', '{}', { ...key, 'content-encoding': 'gzip' })).status).toBe(415);
    expect((await house.ask('GET', '/api/nothing')).body).toMatchObject({ error: { code: 'not_found' } });
    expect((await house.ask('GET', '/api/%zz')).body).toMatchObject({ error: { code: expect.stringMatching(/malformed_request|not_found/) } });
    const wrong = await house.ask('DELETE', '/api/whoami');
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET']);
  });

  it('answers callers without a key or with a wrong one alike, and gives every reply an id', async () => {
    const replies = await Promise.all([{}, { authorization: 'Bearer nope' }, { 'x-api-key': `tdm_${'a'.repeat(38)}` }, { cookie: 'other=1' }]
      .map((headers) => house.ask('GET', '/api/keys', undefined, headers as Record<string, string>)));
    const bodies = replies.map(({ body }) => ({ ...(body as { error: Record<string, unknown> }).error, requestId: undefined }));
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1);
    expect(new Set(replies.map(({ headers }) => headers.get('x-request-id'))).size).toBe(4);
  });

  it('lets a viewer look and not touch', async () => {
    const { secret } = (await house.ask('POST', '/api/keys', { name: 'viewer', role: 'viewer' })).body as { secret: string };
    const viewer = { authorization: `Bearer ${secret}` };
    expect((await house.ask('GET', '/api/projects', undefined, viewer)).status).toBe(200);
    expect((await house.ask('POST', '/api/projects', { name: 'x' }, viewer)).body).toMatchObject({ error: { code: 'permission_denied', next: expect.stringContaining('admin') } });
    expect((await house.ask('GET', '/api/doctor', undefined, viewer)).status).toBe(403);
  });

  it('removes with 204 and nothing in it', async () => {
    const { invitation } = (await house.ask('POST', '/api/invitations', { email: 'ada@example.com' })).body as { invitation: { id: string } };
    const removed = await house.ask('DELETE', `/api/invitations/${invitation.id}`);
    expect([removed.status, removed.body]).toEqual([204, undefined]);
  });

  it('notes who asked for what is not theirs', async () => {
    const foreign = '01900000-0000-7000-8000-00000000dead';
    expect((await house.ask('GET', `/api/keys/${foreign}`)).body).toMatchObject({ error: { code: 'resource_not_found' } });
    await house.access.refusalsWritten();
    const { items } = (await house.ask('GET', '/api/events')).body as { items: { action: string; resourceId: string }[] };
    expect(items).toContainEqual(expect.objectContaining({ action: 'keys.show.refuse', resourceId: foreign }));
  });
});

describe('sessions of the console', () => {
  it('begin by key or one-time link, and end', async () => {
    const login = await house.ask('POST', '/api/login/key', { key: house.adminKey }, {});
    expect(login.headers.get('set-cookie')).toMatch(/^tandem_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/);
    const session = { cookie: cookieFrom(login.headers) };
    expect((await house.ask('GET', '/api/whoami', undefined, session)).status).toBe(200);

    const { url } = (await house.ask('POST', '/api/login/link')).body as { url: string };
    expect(url.startsWith(`${house.url}/login#token=`)).toBe(true);
    const token = url.slice(url.indexOf('=') + 1);
    expect((await house.ask('POST', '/api/login/exchange', { token }, {})).status).toBe(200);
    expect((await house.ask('POST', '/api/login/exchange', { token }, {})).status).toBe(401);

    const logout = await house.ask('POST', '/api/logout', undefined, { ...session, 'x-tandem-csrf': '1' });
    expect([logout.status, logout.headers.get('set-cookie')]).toEqual([204, expect.stringContaining('Max-Age=0')]);
    expect((await house.ask('GET', '/api/whoami', undefined, session)).status).toBe(401);
  });

  it('change nothing without the header of our own pages, or from another origin', async () => {
    const session = { cookie: cookieFrom((await house.ask('POST', '/api/login/key', { key: house.adminKey }, {})).headers) };
    const make = (headers: Record<string, string>) => house.ask('POST', '/api/projects', { name: `p ${JSON.stringify(headers).length}` }, { ...session, ...headers });
    expect((await make({})).body).toMatchObject({ error: { code: 'csrf_failed' } });
    expect((await make({ 'x-tandem-csrf': '1', origin: 'https://evil.example' })).status).toBe(403);
    expect((await make({ 'x-tandem-csrf': '1', 'sec-fetch-site': 'same-site' })).status).toBe(403);
    expect((await make({ 'x-tandem-csrf': '1', origin: house.url, 'sec-fetch-site': 'same-origin' })).status).toBe(201);
  });

  it('are not begun for another site', async () => {
    expect((await house.ask('POST', '/api/login/key', { key: house.adminKey }, { origin: 'https://evil.example' })).status).toBe(403);
  });

  it('are not guessed: failed sign-ins of one address end in 429, whatever it says its address is', async () => {
    await using other = await openHttpHouse();
    const guess = (index: number) => other.ask('POST', '/api/login/key', { key: `guess ${index} ${'x'.repeat(index)}` }, { 'x-forwarded-for': `203.0.113.${index}` });
    const statuses = [];
    for (let index = 0; index < 12; index += 1) statuses.push((await guess(index)).status);
    expect(statuses.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 401));
    expect(statuses.at(-1)).toBe(429);
    expect((await other.ask('POST', '/api/login/key', { key: other.adminKey }, {})).headers.get('retry-after')).toMatch(/^\d+$/);
  });
});
