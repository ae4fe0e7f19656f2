import { mkdtempSync, readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { configForm } from '../../models/index.ts';
import { run, stubServer } from '../testing/terminal.ts';
import { convertLitellm } from './convert.ts';
import { perToken } from './decimal.ts';
import { weightsOf } from './weights.ts';

const FIXTURE = join(import.meta.dirname, 'fixtures/config.yaml');
const { config, notes } = convertLitellm(parse(readFileSync(FIXTURE, 'utf8')));
const note = (place: string) => notes.find((one) => one.place.startsWith(place));

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

describe('a configuration of LiteLLM', () => {
  test('becomes backends by address, with each key once', () => {
    expect(config.backends).toEqual([
      { name: 'azure-my-endpoint-europe', kind: 'openai-compatible', url: 'https://my-endpoint-europe.openai.azure.com/openai/v1', keys: [{ label: 'default', keyEnv: 'AZURE_API_KEY_EU', requestsPerMinute: 600, tokensPerMinute: 100_000 }] },
      { name: 'openai', kind: 'openai-compatible', url: 'https://api.openai.com/v1', keys: [{ label: 'default', keyEnv: 'OPENAI_API_KEY', requestsPerMinute: 200 }] },
      { name: 'anthropic', kind: 'anthropic', url: 'https://api.anthropic.com', keys: [{ label: 'default', key: 'sk-ant-written-in-the-file' }] },
      { name: 'bedrock-eu-west-1', kind: 'bedrock', url: 'https://bedrock-runtime.eu-west-1.amazonaws.com', options: { region: 'eu-west-1' }, keys: [{ label: 'default', keyEnv: 'AWS_ACCESS_KEY_ID:AWS_SECRET_ACCESS_KEY' }] },
      { name: 'hosted_vllm-gpu-1', kind: 'openai-compatible', url: 'http://gpu-1.internal:8000/v1', keys: [] },
      { name: 'hosted_vllm-gpu-2', kind: 'openai-compatible', url: 'http://gpu-2.internal:8000/v1', keys: [] },
    ]);
  });

  test('becomes names with their targets, weights, fallbacks and limits', () => {
    expect(config.models!.map(({ name, goal, targets }) => [name, goal, targets.map((target) => `${target.backend} ${target.model} ${target.weight} ${target.order}`)])).toEqual([
      ['gpt-4o', 'fastest', ['azure-my-endpoint-europe gpt-4o-eu 3 0', 'openai gpt-4o 1 0']],
      ['claude', 'fastest', ['anthropic claude-sonnet-4-5 1 0', 'bedrock-eu-west-1 anthropic.claude-sonnet-4-5-v1:0 1 2', 'azure-my-endpoint-europe gpt-4o-eu 3 3', 'openai gpt-4o 1 3']],
      ['local-llama', 'fastest', ['hosted_vllm-gpu-1 meta-llama/Llama-3.3-70B-Instruct 3 0', 'hosted_vllm-gpu-2 meta-llama/Llama-3.3-70B-Instruct 1 0']],
      ['default', 'fastest', ['azure-my-endpoint-europe gpt-4o-eu 3 0', 'openai gpt-4o 1 0']],
    ]);
    expect(config.models![0]).toMatchObject({ limits: { attempts: 3, wholeSeconds: 600 }, targets: [{ maxOutputTokens: 16_384, contextTokens: 144_384, can: { images: true } }, {}] });
    expect(config.models![2]!.targets[0]!.can).toEqual({ tools: false });
  });

  test('becomes prices to the last digit, as cost and as what callers pay, and a budget', () => {
    expect(config.prices).toEqual([
      { model: 'gpt-4o', costOf: 'azure-my-endpoint-europe', buckets: { input: { price: '2500000', per: '1' }, output: { price: '10000000', per: '1' } }, source: 'LiteLLM config.yaml' },
      { model: 'gpt-4o', buckets: { input: { price: '2500000', per: '1' }, output: { price: '10000000', per: '1' } }, source: 'LiteLLM config.yaml' },
      { model: 'gpt-4o', costOf: 'openai', buckets: { input: { price: '2500000', per: '1' }, output: { price: '10000000', per: '1' }, cache_read: { price: '1250000', per: '1' } }, source: 'LiteLLM config.yaml' },
    ]);
    expect(config.budgets).toEqual([{ scope: 'organisation', period: 'month', amount: '500.00' }]);
  });

  test('prices on a service tier become what callers pay there, whole, and no cost', () => {
    const of = (params: Record<string, unknown>) => convertLitellm({ model_list: [{ model_name: 'a', litellm_params: { model: 'openai/a', input_cost_per_token: 2e-6, output_cost_per_token: 8e-6, ...params } }] });
    const one = (tier: string, input: string, output: string) => ({ model: 'a', tier, buckets: { input: { price: input, per: '1' }, output: { price: output, per: '1' } }, source: 'LiteLLM config.yaml' });
    const { config: made, notes: said } = of({ input_cost_per_token_flex: 1e-6, input_cost_per_token_priority: '3.5e-6', output_cost_per_token_priority: 1.4e-5 });
    expect(made.prices!.filter(({ tier }) => tier !== undefined)).toEqual([one('flex', '1000000', '8000000'), one('priority', '3500000', '14000000')]);
    expect(made.prices!.filter(({ costOf }) => costOf !== undefined)).toHaveLength(1);
    expect(said.filter(({ place }) => place.startsWith('costs of a on'))).toHaveLength(2);
    expect(said.some(({ place }) => place.includes('litellm_params'))).toBe(false);
    expect(of({}).config.prices!.filter(({ tier }) => tier !== undefined)).toEqual([]);
  });
  test('says for each line what it became, or why it became nothing', () => {
    expect(note('model_list[6]')).toMatchObject({ became: null, why: expect.stringContaining('pattern') });
    expect(note('model_list[7]')).toMatchObject({ became: null, why: expect.stringContaining('image_generation') });
    expect(note('model_list[8]')).toMatchObject({ became: null, why: expect.stringContaining('vertex_ai') });
    expect(note('model_list[2].litellm_params.timeout')).toMatchObject({ became: null });
    expect(note('router_settings.routing_strategy')).toMatchObject({ became: 'the goal fastest of each name' });
    expect(note('router_settings.allowed_fails')).toMatchObject({ became: null, why: expect.stringContaining('circuit breaker') });
    expect(note('general_settings.master_key')).toMatchObject({ became: null, why: expect.stringContaining('tandem keys create') });
    expect(note('costs of claude')).toMatchObject({ became: null, why: expect.stringContaining('tandem prices import') });
    expect(JSON.stringify(notes)).not.toMatch(/sk-master|sk-ant/);
  });

  test('names every part of the file, also those that nobody foresaw', () => {
    const { config: made, notes: said } = convertLitellm({
      model_list: [
        { model_name: 'a', litellm_params: { model: 'azure/a', litellm_credential_name: 'ours' }, model_info: { team_id: 't', mode: 'chat' }, brand_new: 1 }, { model_name: 'b', litellm_params: { model: 'openai/b', litellm_credential_name: 'nowhere' } },
        { model_name: 'c', litellm_params: { model: 'openai/c' } }, { model_name: 'd', litellm_params: { model: 'openai/d', api_base: 'http://gpu.internal/v1' } }, { model_name: 'e', litellm_params: { model: 'bedrock/e', aws_region_name: 'eu-west-1' } },
      ],
      credential_list: [{ credential_name: 'ours', credential_values: { api_key: 'os.environ/OURS', api_base: 'https://ours.openai.azure.com' } }],
      router_settings: { fallbacks: [{ c: ['b', 'd'] }] }, litellm_settings: { max_budget: 1e13 }, guardrails: [], include: ['more.yaml'], something_else: {},
    });
    expect(made.backends).toMatchObject([{ name: 'azure-ours', keys: [{ keyEnv: 'OURS' }] }, { name: 'openai', keys: [{ keyEnv: 'OPENAI_API_KEY' }] }, { name: 'openai-gpu', keys: [] }, { name: 'bedrock-eu-west-1', keys: [] }]);
    const nothing = said.filter(({ became }) => became === null).map(({ place }) => place);
    for (const place of ['model_list[0].brand_new', 'model_list[0].model_info.team_id', 'model_list[1] b', 'model_list[4], its key', 'fallbacks of c: b', 'litellm_settings.max_budget', 'guardrails', 'include', 'something_else']) expect(nothing).toContain(place);
    expect(said).toContainEqual({ place: 'model_list[2], its key', became: 'the key in OPENAI_API_KEY', why: 'the file has none, and LiteLLM reads it there' });
    expect(nothing.some((place) => place.includes('credential'))).toBe(false);
  });

  test('fits the form that the server takes', () => {
    const given = structuredClone(config) as { backends: { keys: { keyEnv?: string; key?: string }[] }[] };
    for (const key of given.backends.flatMap(({ keys }) => keys)) {
      if (key.keyEnv !== undefined) key.key = 'sk-x';
      delete key.keyEnv;
    }
    expect(configForm.safeParse(given)).toMatchObject({ success: true });
  });

  test('whatever it holds is read without an error, and fits the form', () => {
    const value = fc.anything({ maxDepth: 3 });
    const params = fc.record({ model: fc.constantFrom('openai/x', 'azure/y', 'bedrock/z', 'claude-1', 'what/ever', '*'), api_base: fc.oneof(fc.webUrl(), value), api_key: value, rpm: value, weight: value, order: value, input_cost_per_token: value }, { requiredKeys: ['model'] });
    const file = fc.record({ model_list: fc.oneof(value, fc.array(fc.record({ model_name: fc.constantFrom('a', 'b', '-'), litellm_params: params, model_info: value }))), router_settings: value, litellm_settings: value, general_settings: value, credential_list: fc.array(fc.record({ credential_name: fc.constant('x'), credential_values: value })) }, { requiredKeys: [] });
    fc.assert(fc.property(file, (given) => {
      const made = convertLitellm(given).config as { backends?: { keys: { keyEnv?: string; key?: string }[] }[] };
      for (const key of (made.backends ?? []).flatMap(({ keys }) => keys)) {
        key.key = 'sk-x';
        delete key.keyEnv;
      }
      const parsed = configForm.safeParse(made);
      expect(parsed.success ? [] : parsed.error.issues).toEqual([]);
    }), { numRuns: 300 });
  });
});

test('dollars a token become whole picodollars, exactly', () => {
  expect([perToken('2.5e-06'), perToken('0.0000025'), perToken('1e-13'), perToken('0'), perToken('x')]).toEqual([{ price: '2500000', per: '1' }, { price: '2500000', per: '1' }, { price: '1', per: '10' }, { price: '0', per: '1' }, undefined]);
});

test('shares become whole weights', () => {
  const of = (weights: (number | undefined)[]) => weightsOf(weights.map((weight) => ({ weight, rpm: undefined, tpm: undefined })));
  expect([of([0.9, 0.1]), of([60, 20]), of([undefined, undefined]), of([1, undefined]), of([100_000, 3])]).toEqual([[9, 1], [3, 1], [1, 1], [1, 0], [1000, 1]]);
});

describe('tandem import litellm', () => {
  const env = { TANDEM_KEY: 'tdm_secret', AZURE_API_KEY_EU: 'az', OPENAI_API_KEY: 'oa', AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'shh' };
  const house = async () => {
    const plan = { changes: [{ action: 'add', kind: 'backend', name: 'openai', fields: [] }], same: 1, fingerprint: 'f' };
    const stub = await stubServer({ 'GET /api/config': { json: { config: { backends: [{ name: 'mine', url: 'https://m.example', keys: [] }], models: [], budgets: [{ scope: 'project:a', period: 'day', amount: '1.00' }] }, fingerprint: 'f' } }, 'POST /api/config/plan': { json: plan }, 'POST /api/config/apply': { json: plan } });
    open.push(stub.server);
    return { ...stub, env: { ...env, TANDEM_URL: stub.url, TANDEM_HOME: mkdtempSync(join(tmpdir(), 'tandem-import-')) } };
  };

  test('plans beside what is there, with keys from the environment, and applies only when told', async () => {
    const { env: own, seen } = await house();
    const planned = await run(['import', 'litellm', FIXTURE], own);
    expect(planned.code, planned.err).toBe(0);
    expect(planned.out).toContain('✓ model_list[1] gpt-4o: a target of gpt-4o: gpt-4o at https://api.openai.com/v1');
    expect(planned.out).toContain('Nothing is applied yet');
    const { config: sent } = seen.at(-1)!.body as { config: { backends: { name: string; keys: { key?: string }[] }[]; budgets: unknown[] } };
    expect(sent.backends.map(({ name, keys }) => [name, keys.map(({ key }) => key)])).toEqual([
      ['mine', []], ['azure-my-endpoint-europe', ['az']], ['openai', ['oa']], ['anthropic', ['sk-ant-written-in-the-file']], ['bedrock-eu-west-1', ['AKIA:shh']], ['hosted_vllm-gpu-1', []], ['hosted_vllm-gpu-2', []],
    ]);
    expect(sent.budgets).toHaveLength(2);
    expect((await run(['import', 'litellm', FIXTURE, '--yes'], own)).out).toContain('Applied 1 change.');
    expect(seen.at(-1)!.path).toBe('/api/config/apply');
  });

  test('writes a configuration without a key in it', async () => {
    const { env: own } = await house();
    const out = join(own.TANDEM_HOME, 'tandem.config.json');
    const written = await run(['import', 'litellm', FIXTURE, '--out', out], own);
    expect(written.out).toContain('ANTHROPIC_KEY');
    const text = readFileSync(out, 'utf8');
    expect(text).not.toContain('sk-ant');
    expect(JSON.parse(text)).toMatchObject({ backends: [{ keys: [{ keyEnv: 'AZURE_API_KEY_EU' }] }, {}, { keys: [{ keyEnv: 'ANTHROPIC_KEY' }] }, {}, {}, {}] });
  });
});
