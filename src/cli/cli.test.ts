import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { GROUPS } from './help-groups.ts';
import { against } from './testing/against.ts';
import { run } from './testing/terminal.ts';
import { commands } from './tree.ts';

const KEY_ID = '0192f0c1-0000-7000-8000-000000000001';
const key = {
  id: KEY_ID, name: 'ci', prefix: 'tdm_Ab12', projectId: KEY_ID, projectName: 'default', role: 'developer', owner: { kind: 'member', id: KEY_ID, label: 'owner@localhost' },
  models: null, budget: { id: KEY_ID, amount: '25000000000000', spent: '1250000', period: 'month' }, state: 'active', createdAt: '2026-11-23T07:00:00.000Z', expiresAt: null, revokedAt: null, lastUsedAt: null, replacedBy: null, cacheSeconds: null,
};

describe('help', () => {
  test('lists every first word and exits 0', async () => {
    const { code, out } = await run(['--help'], {});
    expect(code).toBe(0);
    for (const { path } of commands.filter((command) => !command.path.includes(' '))) expect(out).toMatch(new RegExp(`^ {2}${path}\\b`, 'm'));
  });

  test('every first word stands in one group', () => {
    expect(GROUPS.flatMap(({ verbs }) => Object.keys(verbs)).sort()).toEqual(commands.map(({ path }) => path).filter((path) => !path.includes(' ')).sort());
  });

  test.each(commands.map((command) => [command.path, command] as const))('%s shows its examples', async (path, command) => {
    const { code, out } = await run([...path.split(' '), '--help'], {});
    expect(code).toBe(0);
    expect(out).toContain(command.examples[0]);
  });

  test('the version is that of the package', async () => {
    expect((await run(['--version'], {})).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('every command loads', async () => {
    for (const command of commands) expect(await command.load(), command.path).toBeTypeOf('function');
  });

  test.each(['bash', 'zsh', 'fish'])('completion for %s names every first word', async (shell) => {
    const { code, out } = await run(['completion', shell], {});
    expect(code).toBe(0);
    for (const { path } of commands.filter((command) => !command.path.includes(' '))) expect(out).toContain(path);
  });
});

describe('errors', () => {
  test('a wrong word is bad usage, with what was meant and a next command', async () => {
    const { code, err } = await run(['kyes'], {});
    expect(code).toBe(2);
    expect(err).toContain('Did you mean keys?');
    expect(err).toContain('Next: tandem --help');
  });

  test.each([
    [['keys', 'crate', 'x'], 'There is no command tandem keys crate. Did you mean create?\n  Next: tandem keys create --help\n'],
    [['backends', 'keys', 'meta', 'frobnicate'], 'Too many arguments for'],
    [['bill', 'usgae'], 'There is no command tandem bill usgae. Did you mean usage?\n'],
    [['keys', 'zzz'], 'There is no command tandem keys zzz.\n  Next: tandem keys --help\n'],
    [['keys', 'create', 'x', '--bugdet', '3'], 'Unknown option \'--bugdet\'. Did you mean --budget?\n  Next: tandem keys create --help\n'],
    [['keys', 'create'], 'Missing required argument \'name\'.\n'],
  ])('%j says what was meant', async (words, said) => {
    const { code, err } = await run(words, {});
    expect(code).toBe(2);
    expect(err).toContain(said);
  });

  test('what answers in another way than it was asked is told apart from nothing', async () => {
    const plain = await against({});
    const { code, err } = await run(['keys'], { ...plain.env, TANDEM_URL: plain.url.replace('http:', 'https:') });
    expect(code).toBe(1);
    expect(err).toContain(`Next: It answers without TLS. Try ${plain.url}`);
  });

  test('the address of the API that SDKs take is that of the server too', async () => {
    const { env, url, seen } = await against({ 'GET /api/keys': { json: { items: [] } } });
    expect((await run(['keys'], { ...env, TANDEM_URL: `${url}/v1/` })).code).toBe(0);
    expect(seen).toHaveLength(1);
  });

  test.each([['keys', 'create', 'x', '--budget', '-1'], ['trail', '--limit', 'x'], ['chat', '--max-tokens', 'many', 'hi']])('%s %s %s %s %s is bad usage, and asks no server', async (...words) => {
    const { env, seen } = await against({});
    expect((await run(words.filter((word) => word !== undefined), env)).code).toBe(2);
    expect(seen).toEqual([]);
  });

  test('without a server the exit code asks for a login', async () => {
    const { code, err } = await run(['keys'], { TANDEM_HOME: mkdtempSync(join(tmpdir(), 'tandem-cli-')) });
    expect(code).toBe(4);
    expect(err).toContain('Next: Start a server here with npm start');
  });

  test('as JSON an error is one object with code, message and next', async () => {
    const { code, out, err } = await run(['keys', '--json'], { TANDEM_URL: 'http://127.0.0.1:1', TANDEM_KEY: 'x' });
    expect(code).toBe(1);
    expect(err).toBe('');
    expect(JSON.parse(out)).toEqual({ code: 'server_unreachable', message: expect.stringContaining('http://127.0.0.1:1'), next: expect.stringContaining('npm start') });
  });

  test('bad usage is JSON too', async () => {
    const { code, out, err } = await run(['keys', 'create', '--json'], {});
    expect({ code, err }).toEqual({ code: 2, err: '' });
    expect(JSON.parse(out)).toMatchObject({ code: 'usage', message: expect.stringContaining('name'), next: 'tandem keys create --help' });
  });

  test('the server\'s own words are shown, made safe for a terminal', async () => {
    const { env } = await against({ 'GET /api/keys': { status: 403, json: { error: { code: 'permission_denied', message: 'No \u001b[31mred.', next: 'Ask.', requestId: 'r' } } } });
    const { code, err } = await run(['keys'], env);
    expect(code).toBe(1);
    expect(err).toBe('No  [31mred.\n  Next: Ask.\n');
  });

  test('a refused key is exit code 4', async () => {
    const { env } = await against({ 'GET /api/keys': { status: 401, json: { error: { code: 'invalid_api_key', message: 'No.', next: 'Send a valid key.', requestId: 'r' } } } });
    const { code, err } = await run(['keys'], env);
    expect(code).toBe(4);
    expect(err).toContain('Next: Use a valid key: tandem login');
  });
});

describe('keys', () => {
  test('a terminal gets a table, a pipe gets tabs, a program gets JSON', async () => {
    const { env } = await against({ 'GET /api/keys': { json: { items: [key, { ...key, name: 'old', state: 'revoked' }], nextCursor: null } } });
    expect((await run(['keys'], env)).out).toBe([
      'NAME  KEY        PROJECT  ROLE       STATE   BUDGET                         LAST USED  EXPIRES',
      'ci    tdm_Ab12…  default  developer  active  $0.00000125 of $25.00 a month  -          -',
      '',
    ].join('\n'));
    expect((await run(['keys'], env, { tty: false })).out.split('\t')[0]).toBe('ci');
    expect(JSON.parse((await run(['keys', '--json'], env)).out)).toEqual([key]);
    expect(JSON.parse((await run(['keys', '--all', '--json'], env)).out)).toHaveLength(2);
  });

  test('create sends the budget as exact picodollars and shows the secret once', async () => {
    const { env, seen } = await against({ 'POST /api/keys': { status: 201, json: { key, secret: 'tdm_once' } } });
    const { code, out } = await run(['keys', 'create', 'ci', '--budget', '25.10', '--models', 'tandem/local, muse-spark', '--expires', '30d'], env);
    expect(code).toBe(0);
    expect(out).toContain('tdm_once');
    expect(seen[0]).toMatchObject({ key: 'tdm_secret', body: {
      name: 'ci', budget: { amount: '25100000000000', period: 'month' }, role: 'developer', models: ['tandem/local', 'muse-spark'], expiresAt: '2026-12-23T00:00:00.000Z',
    } });
  });

  test.each([['--budget', 'NaN'], ['--budget', '1e3'], ['--role', 'king'], ['--expires', 'soon'], ['--period', 'week']])('create %s %s is bad usage', async (option, value) => {
    const { env, seen } = await against({});
    expect((await run(['keys', 'create', 'ci', option, value], env)).code).toBe(2);
    expect(seen).toHaveLength(0);
  });

  test('a key is found by name, and an unclear name is never guessed', async () => {
    const { env, seen } = await against({
      'GET /api/keys': { json: { items: [key, { ...key, id: KEY_ID.replace('1', '2'), name: 'twin' }, { ...key, id: KEY_ID.replace('1', '3'), name: 'twin' }], nextCursor: null } },
      [`DELETE /api/keys/${KEY_ID}`]: { json: { ...key, state: 'revoked' } },
    });
    expect((await run(['keys', 'revoke', 'ci'], env)).out).toContain('Revoked ci');
    expect((await run(['keys', 'revoke', 'twin'], env)).err).toContain('2 keys match twin.');
    expect((await run(['keys', 'revoke', 'none'], env)).err).toContain('tandem keys --all');
    expect(seen.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
  });
});

describe('chat', () => {
  const usage = { prompt_tokens: 12, completion_tokens: 7, total_tokens: 19, prompt_tokens_details: { cached_tokens: 5 } };
  const tandem = { id: KEY_ID, charge: '1250000', currency: 'USD', backend: 'local', alias: 'tandem/local', lines: [], timings: { queueMs: 0, firstTokenMs: 41.6, totalMs: 96.2 } };
  const piece = (content: string) => JSON.stringify({ choices: [{ delta: { content }, finish_reason: null }] });

  test('the answer goes to standard output, tokens, latency and cost beside it', async () => {
    const { env, seen } = await against({ 'POST /v1/chat/completions': { sse: [piece('The capital'), piece(' is Paris.\u001b[2J'), JSON.stringify({ choices: [], usage, tandem }), '[DONE]'] } });
    const { code, out, err } = await run(['chat', 'What', 'is', 'the', 'capital?', '--seed', '7'], env);
    expect({ code, out }).toEqual({ code: 0, out: 'The capital is Paris.[2J\n' });
    expect(err).toBe('tandem/local · 12 in (5 cached) + 7 tokens out · first token 42 ms · total 96 ms · $0.00000125\n');
    expect(seen[0]!.body).toMatchObject({ model: 'tandem/local', stream: true, seed: 7, messages: [{ role: 'user', content: 'What is the capital?' }] });
  });

  test('a cut stream is an error, also without a word from the server', async () => {
    const { env } = await against({ 'POST /v1/chat/completions': { sse: [piece('The')] } });
    const { code, err } = await run(['chat', 'x'], env);
    expect(code).toBe(1);
    expect(err).toContain('The answer broke off');
  });

  test('an error inside the stream is an error', async () => {
    const { env } = await against({ 'POST /v1/chat/completions': { sse: [piece('The'), JSON.stringify({ error: { code: 'engine_restarted', message: 'The engine was restarted.', next: 'Ask again.' } })] } });
    const { code, err } = await run(['chat', 'x'], env);
    expect(code).toBe(1);
    expect(err).toBe('The engine was restarted.\n  Next: Ask again.\n');
  });

  test('JSON has the whole answer and its receipt', async () => {
    const { env } = await against({ 'POST /v1/chat/completions': { json: { choices: [{ message: { content: 'Paris.' }, finish_reason: 'stop' }], usage, tandem } } });
    expect(JSON.parse((await run(['chat', 'x', '--json'], env)).out)).toEqual({ model: 'tandem/local', answer: 'Paris.', finishReason: 'stop', usage, receipt: tandem });
  });

  test('the question can come from standard input', async () => {
    const { env, seen } = await against({ 'POST /v1/chat/completions': { sse: ['[DONE]'] } });
    await run(['chat', '-'], env, { stdin: 'from a pipe' });
    expect(seen[0]!.body).toMatchObject({ messages: [{ content: 'from a pipe' }] });
    expect((await run(['chat', '-'], env, { stdin: '  ' })).code).toBe(2);
  });
});

describe('login', () => {
  test('saves a proven key with mode 0600', async () => {
    const { env, url } = await against({ 'GET /api/whoami': { json: { organisation: { name: 'Home' }, project: null, actor: { label: 'ci' }, role: 'admin', permissions: [], version: '0.1.0' } } });
    const { code, out } = await run(['login', '--url', `${url}/`, '--key-file', '-'], env, { stdin: 'tdm_new\n' });
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('Home as admin') });
    const path = join(env.TANDEM_HOME, 'credentials.json');
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ url, key: 'tdm_new' });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('a refused key replaces nothing', async () => {
    const { env, url } = await against({ 'GET /api/whoami': { status: 401, json: { error: { code: 'invalid_api_key', message: 'No.', next: 'n', requestId: 'r' } } } });
    const path = join(env.TANDEM_HOME, 'credentials.json');
    writeFileSync(path, '{"url":"http://a","key":"b"}');
    expect((await run(['login', '--url', url, '--key-file', '-'], env, { stdin: 'bad' })).code).toBe(4);
    expect(readFileSync(path, 'utf8')).toBe('{"url":"http://a","key":"b"}');
  });
});

describe('bill', () => {
  test('verify exits 1 and names the first fault', async () => {
    const { env } = await against({ 'GET /api/bill/verify': { json: { ok: false, difference: '5', checks: [{ id: 'events', title: 'Events', state: 'fail', checked: '3', difference: '5', detail: null }], lostToCrashes: { calls: '0', note: '' }, firstFault: 'usage event x: charge' } } });
    const { code, out } = await run(['bill', '--verify'], env);
    expect(code).toBe(1);
    expect(out).toContain('First fault: usage event x: charge');
  });

  test('an empty month says how to get the first line', async () => {
    const { env, seen } = await against({ 'GET /api/bill': { json: { month: '2026-11', currency: 'USD', total: '0', requests: '0', lines: [], state: 'open', invoiceNumber: null, credits: { applied: '0', available: '0' }, adjustments: '0', due: '0', postedThrough: null, rounding: '' } } });
    expect((await run(['bill', '--month', '2026-11'], env)).out).toBe('2026-11: $0.00 for 0 calls, so far.\nMake the first line: tandem chat "What is the capital of France?"\n');
    expect(seen[0]!.path).toBe('/api/bill?month=2026-11');
  });
});

describe('what the server cannot do', () => {
  const STALE = { status: 503, json: { error: { code: 'database_stale', message: 'No contact.', next: 'tandem doctor', requestId: 'r' } } };

  test('doctor says what everybody may know while no key can be checked, and does not send people in a circle', async () => {
    const checks = [{ name: 'accepting', state: 'pass' }, { name: 'database', state: 'fail', reason: 'no contact for 6 s' }];
    const { env } = await against({ 'GET /api/doctor': STALE, 'GET /readyz': { status: 503, json: { status: 'not ready', checks } } });
    const { code, out } = await run(['doctor'], env);
    expect(code).toBe(1);
    expect(out).toContain('✗ fail  Database: no contact for 6 s');
    expect(out).toContain('Next: See that the database runs');
    expect(out).toContain('1 of 2 checks need a look.');
  });

  test('a refused field leads to the help of the command', async () => {
    const { env } = await against({ 'GET /api/bill': { status: 400, json: { error: { code: 'invalid_request', message: 'month: must be a month.', next: 'The fields are described at /openapi.json.', requestId: 'r' } } } });
    const { code, err } = await run(['bill', '--month', 'x'], env);
    expect(err).toBe('month: must be a month.\n  Next: See what it takes: tandem bill --help\n');
    expect(code).toBe(2);
  });

  test.each([['TANDEM_URL', 'zzz', 'zzz is not the address of a server.', 2], ['TANDEM_URL', 'file:///x', 'file:///x is not the address of a server.', 2], ['TANDEM_KEY', 'a\r\nb', 'The key holds characters that no key has.', 4]] as const)('%s=%j is no fault of the CLI', async (name, value, message, exit) => {
    const { code, err } = await run(['bill'], { TANDEM_URL: 'http://127.0.0.1:1', TANDEM_KEY: 'k', [name]: value });
    expect({ code, said: err.split('\n')[0] }).toEqual({ code: exit, said: message });
  });
});
