import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startProgram, stopEverything, freshFolder, type Program } from './support/program.ts';
import { pythonWithClients, runPython } from './support/python.ts';
import { startScriptedModel, type ScriptedModel } from './support/scripted-model.ts';

const found = pythonWithClients();
const python = 'python' in found ? found.python : '';

it('has a Python with the clients', () => expect(found).toHaveProperty('python'));

/** The clients from PyPI, unmodified. The model behind is a stand-in, so that what it answers is known; the local model has neither tools nor eyes. */
describe.skipIf(python === '')('clients from PyPI, unmodified', () => {
  let program: Program;
  let model: ScriptedModel;

  beforeAll(async () => {
    model = await startScriptedModel();
    const home = freshFolder('home');
    writeFileSync(join(home, 'config.json'), JSON.stringify({
      egress: { allow: ['127.0.0.1'] },
      backends: [{ name: 'scripted', url: model.url, models: [{ alias: 'team/model', model: 'scripted', maxOutputTokens: 4096 }, { alias: 'team/embed', model: 'scripted-embed', maxOutputTokens: 1 }] }],
    }));
    program = await startProgram({ direct: true, home, env: { TANDEM_LOG: 'warn', TANDEM_LOCAL_MODEL: 'off' } });
    for (const alias of ['team/model', 'team/embed']) expect(program.cli('prices', 'set', alias, '--input', '0.20', '--output', '0.60', '--source', 'test')).toMatchObject({ code: 0 });
  }, 300_000);

  afterAll(async () => {
    await program?.interrupt();
    model?.close();
    stopEverything();
  });

  const env = () => ({ TANDEM_URL: program.url, TANDEM_KEY: program.key, MODEL: 'team/model', EMBED_MODEL: 'team/embed' });
  const CALLS = [['weather', { city: 'Paris' }], ['weather', { city: 'Rome' }]];

  it('openai', async () => {
    expect(await runPython(python, 'openai_client.py', env())).toEqual({
      chat: 'You said: Hello', cached: 4, streamed: 'You said: Hello again', streamed_tokens: 4, calls: CALLS, after_tools: 'The tool says: 20 degrees', streamed_call: { city: 'Paris' },
      schema: { value: 42 }, image: 'I see 1 image.', logprob: -0.1,
      response: 'You said: Hello', response_usage: [10, 4], response_streamed: 'You said: Hello again', response_in_order: true, response_after_tool: 'The tool says: 21 degrees',
      response_read_again: 'The tool says: 21 degrees', response_items: 1, response_deleted: 404,
      embedding: [5, 1, 0.5], models: ['tandem/local', 'team/embed', 'team/model'], unknown: 'model_not_found', wrong_key: 401,
    });
  });

  it('anthropic', async () => {
    expect(await runPython(python, 'anthropic_client.py', env())).toEqual({
      message: 'You said: Hello', stop_reason: 'end_turn', usage: [6, 4], streamed: 'You said: Hello again', streamed_tokens: 4, calls: CALLS, after_tools: 'The tool says: 20 degrees',
      image: 'I see 1 image.', thinking: ['thinking', 'text'], count: true, models: ['tandem/local', 'team/embed', 'team/model'], unknown: 'not_found_error', bad: 'invalid_request_error',
    });
  });

  it('LangChain, over chat completions, responses and messages', async () => {
    const got = await runPython(python, 'langchain_client.py', env());
    const round = { streamed: 'You said: Hello again', calls: CALLS, after_tools: expect.stringContaining('The tool says: 20 degrees'), tokens: expect.any(Number) };
    expect(got).toMatchObject({ openai: { ...round, whole: 'You said: Hello' }, responses: round, anthropic: { ...round, whole: 'You said: Hello' }, schema: 42 });
  });
});
