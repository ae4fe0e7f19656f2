import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isUuid } from '../../base/index.ts';
import { readEgressPolicy } from '../../base/egress/index.ts';
import { DEFAULT_LIMITS } from './target.ts';
import { fixedId, readOperatorFile } from './operator-file.ts';

let folder: string;
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'operator-')); });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (content: Record<string, unknown>, env: Record<string, string> = {}) => readOperatorFile({ content, folder, env, policy: readEgressPolicy(undefined) });

test('without a word in it there are no backends and the usual deadlines', () => {
  expect(read({})).toEqual({ backends: [], models: [], limits: DEFAULT_LIMITS });
});

test('keys come from the file, from a file beside it, or from the environment', () => {
  writeFileSync(join(folder, 'key'), 'sk-file\n');
  const backends = [
    { name: 'a', url: 'https://a.example/v1', key: 'sk-inline', models: [{ alias: 'x', model: 'y' }] }, { name: 'b', url: 'https://b.example/v1', keyFile: 'key' },
    { name: 'c', url: 'https://c.example/v1', keyEnv: 'C_KEY' }, { name: 'd', url: 'https://d.example/v1' },
  ];
  const file = read({ backends, deadlines: { gapSeconds: 2.5 } }, { C_KEY: ' sk-env ' });
  expect(file.backends.map(({ keys }) => keys.map(({ key }) => key))).toEqual([['sk-inline'], ['sk-file'], ['sk-env'], []]);
  expect(file.models).toEqual([{
    name: 'x', goal: 'weights', regions: [], limits: {},
    targets: [{ backend: 'a', model: 'y', weight: 1, order: 0, region: null, enabled: true, maxOutputTokens: 4096, contextTokens: null, outputLimitField: 'max_tokens', can: {} }],
  }]);
  expect(file.limits.deadlines.gapMs).toBe(2500);
  expect(isUuid(file.backends[0]!.id)).toBe(true);
  expect(file.backends[0]!.id).toBe(fixedId('config:a'));
});

test('a name may lead to several targets, a backend may have several keys, and attempts have limits', () => {
  const backends = [{ name: 'a', url: 'https://a.example', kind: 'anthropic', keys: [{ label: 'one', keyEnv: 'ONE', requestsPerMinute: 50 }, { label: 'two', key: 'sk-2' }] }, { name: 'b', url: 'https://b.example/v1' }];
  const models = [{ name: 'team/smart', goal: 'cheapest', regions: ['eu'], limits: { attempts: 4, hedge: { share: 0.05 } }, targets: [{ backend: 'a', model: 'm', weight: 2, region: 'eu', can: { images: false } }, { backend: 'b', model: 'n' }, { backend: 'local', model: 'any' }] }];
  const file = read({ backends, models, routing: { attempts: 2, attemptsWithinSeconds: 5 } }, { ONE: 'sk-1' });
  expect(file.backends[0]).toMatchObject({ kind: 'anthropic', keys: [{ label: 'one', key: 'sk-1', limits: { requestsPerMinute: 50, parallel: null } }, { label: 'two', key: 'sk-2' }] });
  expect(file.models[0]).toMatchObject({ name: 'team/smart', goal: 'cheapest', targets: [{ weight: 2, can: { images: false } }, { weight: 1 }, { backend: 'local' }] });
  expect(file.limits).toMatchObject({ attempts: 2, attemptsWithinMs: 5_000, hedge: null });
});

test.each([
  [{ models: [{ name: 'x', targets: [{ backend: 'nobody', model: 'm' }] }] }, 'models[0].targets[0].backend'], [{ models: [{ name: 'x', targets: [] }] }, 'models[0].targets'],
  [{ backends: [{ name: 'a', url: 'https://a.example', keys: [{ label: 'x' }] }] }, 'backends[0].keys[0]'], [{ backends: [{ name: 'a', url: 'https://a.example', keys: [{ label: 'x', key: 'k' }, { label: 'x', key: 'l' }] }] }, 'backends[0].keys[1].label'],
  [{ backends: [{ name: 'a', url: 'https://a.example', models: [{ alias: 'x', model: 'y' }] }], models: [{ name: 'x', targets: [{ backend: 'a', model: 'm' }] }] }, 'models[0].name'],
  [{ routing: { attempts: 0 } }, 'routing.attempts'], [{ backends: [{ name: 'a', url: 'https://a.example', kind: 'local' }] }, 'backends[0].kind'],
  [{ backends: {} }, 'backends'], [{ backends: [{ name: 'a' }] }, 'backends[0].url'], [{ backends: [{ name: 'a', url: 'http://10.0.0.1/v1' }] }, 'backends[0].url'],
  [{ backends: [{ name: 'a', url: 'https://a.example', key: 'x', keyEnv: 'Y' }] }, 'backends[0]'], [{ backends: [{ name: 'a', url: 'https://a.example', kye: 'x' }] }, 'backends[0]'],
  [{ backends: [{ name: 'a', url: 'https://a.example', keyEnv: 'MISSING' }] }, 'backends[0].keyEnv'], [{ backends: [{ name: 'a', url: 'https://a.example', keyFile: 'missing' }] }, 'backends[0].keyFile'],
  [{ backends: [{ name: 'a', url: 'https://a.example', models: [{ alias: 'x', model: 'y' }, { alias: '-', model: 'y' }] }] }, 'backends[0].models[1].alias'],
  [{ backends: [{ name: 'a', url: 'https://a.example', models: [{ alias: 'x', model: 'y' }, { alias: 'x', model: 'z' }] }] }, 'backends[0].models[1].alias'],
  [{ backends: [{ name: 'a', url: 'https://a.example' }, { name: 'a', url: 'https://b.example' }] }, 'backends[1].name'],
  [{ backends: [{ name: 'a', url: 'https://a.example', models: [{ alias: 'x', model: 'y', maxOutputTokens: 0 }] }] }, 'backends[0].models[0].maxOutputTokens'],
  [{ deadlines: { gapSeconds: -1 } }, 'deadlines.gapSeconds'], [{ deadlines: { gap: 1 } }, 'deadlines'],
])('%j is refused with its place', (content, place) => {
  expect(() => read(content)).toThrow(`The setting TANDEM_CONFIG: ${place} is not valid`);
});

test('a key of a wrong form is not quoted', () => {
  expect(() => read({ backends: [{ name: 'a', url: 'https://a.example', keyEnv: 'K' }] }, { K: 'sk with blanks' })).toThrow(/does not hold a key/);
  try {
    read({ backends: [{ name: 'a', url: 'https://a.example', key: 'sk with blanks' }] });
    expect.unreachable();
  } catch (error) {
    expect(String(error)).not.toContain('with blanks');
  }
});
