import { mkdtempSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { stubServer } from './terminal.ts';

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

/** A stand-in for the server until the end of a test, and the surroundings in which a command line finds it. */
export async function against(answers: Parameters<typeof stubServer>[0]) {
  const stub = await stubServer(answers);
  open.push(stub.server);
  return { ...stub, env: { TANDEM_URL: stub.url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: mkdtempSync(join(tmpdir(), 'tandem-cli-')) } };
}
