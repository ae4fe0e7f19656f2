import { mkdtempSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { run, stubServer } from './testing/terminal.ts';

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

const PLAN = {
  changes: [
    { action: 'add', kind: 'backend', name: 'gpu', fields: [{ field: 'url', before: null, after: 'https://gpu.example/v1' }] },
    { action: 'change', kind: 'price', name: 'team/big', fields: [{ field: 'input', before: '1.25', after: '1.50' }] },
    { action: 'remove', kind: 'budget', name: 'organisation, day', fields: [] },
  ],
  same: 4, fingerprint: 'f1',
};

async function against(plan: unknown = PLAN) {
  const stub = await stubServer({ 'POST /api/config/plan': { json: plan }, 'POST /api/config/apply': { json: plan } });
  open.push(stub.server);
  const folder = mkdtempSync(join(tmpdir(), 'tandem-config-'));
  return { ...stub, folder, env: { TANDEM_URL: stub.url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: folder, GPU_KEY: 'sk-of-the-gpu' } };
}

function write(folder: string, name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('tandem plan', () => {
  test('reads keys where the file names them, and shows each change with what was and what will be', async () => {
    const { folder, env, seen } = await against();
    writeFileSync(join(folder, 'second.key'), 'sk-second\n');
    const path = write(folder, 'c.json', JSON.stringify({ backends: [{ name: 'gpu', url: 'https://gpu.example/v1', keyEnv: 'GPU_KEY', keys: [{ label: 'two', keyFile: 'second.key', parallel: 4 }, { label: 'kept' }] }] }));
    const { code, out } = await run(['plan', path], env);
    expect(code).toBe(0);
    expect(seen[0]!.body).toEqual({ config: { backends: [{ name: 'gpu', url: 'https://gpu.example/v1', keys: [{ label: 'default', key: 'sk-of-the-gpu' }, { label: 'two', parallel: 4, key: 'sk-second' }, { label: 'kept' }] }] } });
    expect(out).toBe(`+ backend gpu
    url: https://gpu.example/v1
~ price team/big
    input: 1.25 → 1.50
- budget organisation, day

1 to add, 1 to change, 1 to remove; 4 as they are.
Nothing is applied yet: tandem apply ${path}
`);
  });

  test('takes YAML too, and says that there is nothing to change', async () => {
    const { folder, env, seen } = await against({ changes: [], same: 2, fingerprint: 'f' });
    const { out } = await run(['plan', write(folder, 'c.yaml', 'projects:\n  - name: ios\n')], env);
    expect(seen[0]!.body).toEqual({ config: { projects: [{ name: 'ios' }] } });
    expect(out).toBe('Nothing to change: 2 things as the file says.\n');
  });

  test.each([
    ['{"backends": [{"name": "a", "keyEnv": "NOT_SET"}]}', 'the variable NOT_SET is not set'], ['{"backends": [{"name": "a", "keyFile": "none"}]}', 'none cannot be read'],
    ['{"backends": [{"name": "a", "key": "x", "keyEnv": "Y"}]}', 'more than one'], ['[1]', 'is not an object'], ['{ "key": "sk-secret" ', 'is not JSON'],
  ])('says what is wrong with %s without repeating it', async (content, message) => {
    const { folder, env } = await against();
    const { code, err } = await run(['plan', write(folder, 'c.json', content)], env);
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(err).not.toContain('sk-secret');
  });
});

describe('tandem apply', () => {
  const asked = ['POST /api/config/plan', 'POST /api/config/apply'];

  test('asks, and applies exactly the plan that was shown', async () => {
    const { folder, env, seen } = await against();
    const path = write(folder, 'c.json', '{}');
    const { code, out } = await run(['apply', path], env, { stdin: 'yes\n' });
    expect(code).toBe(0);
    expect(out).toContain('~ price team/big');
    expect(out).toContain('Applied 3 changes.');
    expect(seen.map(({ method, path: at }) => `${method} ${at}`)).toEqual(asked);
    expect(seen[1]!.body).toEqual({ config: {}, fingerprint: 'f1' });
  });

  test.each(['no\n', 'y\n', ''])('changes nothing on the answer %j', async (stdin) => {
    const { folder, env, seen } = await against();
    const { code } = await run(['apply', write(folder, 'c.json', '{}')], env, { stdin });
    expect([code, seen.length]).toEqual([2, 1]);
  });

  test('needs --yes where nobody can be asked', async () => {
    const { folder, env, seen } = await against();
    const path = write(folder, 'c.json', '{}');
    expect((await run(['apply', path], env, { tty: false })).code).toBe(2);
    expect(seen).toHaveLength(1);
    expect((await run(['apply', path, '--yes'], env, { tty: false })).code).toBe(0);
    expect(JSON.parse((await run(['apply', path, '--yes', '--json'], env, { tty: false })).out)).toMatchObject({ fingerprint: 'f1' });
  });
});

describe('names with several targets and backends with several keys', () => {
  const gpu = { id: '0192f0c1-0000-7000-8000-000000000001', name: 'gpu', keys: [{ label: 'one', requestsPerMinute: 60, tokensPerMinute: null, parallel: null, state: 'resting', reason: 'HTTP 429', since: null, againAt: '2026-11-23T08:00:00.000Z' }] };
  const health = { state: 'ready', reason: null, since: null };
  const target = { backend: gpu, model: 'big-70b', weight: 3, order: 0, region: 'eu', enabled: true, health, breaker: { state: 'open', reason: 'the connection was refused', since: '2026-11-23T07:00:00.000Z', againAt: null }, running: 0, firstTokenMs: 240, cost: null };
  const model = { name: 'team/big', goal: 'weights', regions: ['eu'], enabled: true, health, limits: { attempts: 3, attemptsWithinSeconds: 60, connectSeconds: 10, headSeconds: 600, firstTokenSeconds: 300, gapSeconds: 120, wholeSeconds: 1800, hedge: { afterMs: null, share: 0.05 } }, targets: [target], price: {}, currency: 'USD' };
  const answers = (models: unknown[]) => ({
    'GET /api/backends': { json: { items: [gpu], nextCursor: null } }, 'GET /api/models': { json: { items: models, nextCursor: null } }, 'GET /api/models/team%2Fbig': { json: model },
    'PATCH /api/models/team%2Fbig': { json: model }, 'POST /api/models': { json: model }, [`POST /api/backends/${gpu.id}/keys`]: { json: gpu }, [`DELETE /api/backends/${gpu.id}/keys/one`]: { status: 204 },
  });
  const house = async (models: unknown[]) => {
    const stub = await stubServer(answers(models));
    open.push(stub.server);
    return { ...stub, env: { TANDEM_URL: stub.url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: mkdtempSync(join(tmpdir(), 'tandem-cli-')) } };
  };

  test('a name is shown with each target\'s breaker, since when and why', async () => {
    const { env } = await house([model]);
    const { out } = await run(['models', 'show', 'team/big'], env);
    expect(out).toContain('open: the connection was refused');
    expect(out).toContain('2026-11-23 07:00 UTC');
    expect(out).toContain('hedging   after the usual time, 5 % of spend at most');
  });

  test('a new name is made with its targets, a known one is changed', async () => {
    const fresh = await house([]);
    expect((await run(['models', 'set', 'team/big', 'gpu=big-70b,weight=3,region=eu,cannot=images+files', '--goal', 'fastest'], fresh.env)).code).toBe(0);
    expect(fresh.seen.at(-1)).toMatchObject({ method: 'POST', body: { name: 'team/big', goal: 'fastest', targets: [{ backendId: gpu.id, model: 'big-70b', weight: 3, region: 'eu', can: { images: false, files: false } }] } });
    const known = await house([model]);
    expect((await run(['models', 'set', 'team/big', '--attempts', '5', '--hedge-share', '10', '--hedge-after', '700', '--regions', 'eu,us'], known.env)).code).toBe(0);
    expect(known.seen.at(-1)).toMatchObject({ method: 'PATCH', body: { regions: ['eu', 'us'], limits: { attempts: 5, gapSeconds: 120, hedge: { share: 0.1, afterMs: 700 } } } });
    expect((await run(['models', 'set', 'team/big'], known.env)).code).toBe(2);
    expect((await run(['models', 'set', 'team/big', 'gpu'], known.env)).err).toContain('BACKEND=MODEL');
    expect((await run(['models', 'set', 'team/big', '--attempts', '2'], (await house([])).env)).err).toContain('tandem models set team/big BACKEND=MODEL');
  });

  test('keys are listed by label with their state, set and removed', async () => {
    const { env, seen } = await house([]);
    expect((await run(['backends', 'keys', 'gpu'], env)).out).toMatch(/one +resting: HTTP 429 +2026-11-23 08:00 UTC +60 +- +-/);
    await run(['backends', 'keys', 'set', 'gpu', 'one', '--requests', '600', '--parallel', 'none', '--key-file', '-'], env, { stdin: 'sk-next\n' });
    expect(seen.at(-1)!.body).toEqual({ label: 'one', key: 'sk-next', requestsPerMinute: 600, parallel: null });
    expect((await run(['backends', 'keys', 'remove', 'gpu', 'one'], env)).out).toBe('Removed the key one of gpu.\n');
  });
});
