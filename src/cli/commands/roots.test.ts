import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run, stubServer } from '../testing/terminal.ts';

const root = (letter: string, signs: boolean) => ({ fingerprint: letter.repeat(64), createdAt: '2026-11-23T07:00:00.000Z', expiresAt: '2036-11-23T07:00:00.000Z', signs });

test('roots of machines are listed, replaced and retired, and who still needs the one before is said', async () => {
  const both = [root('b', true), root('a', false)];
  const { server, url } = await stubServer({
    'GET /api/agent-roots': { json: { roots: both, waiting: 3 } },
    'POST /api/agent-roots': { status: 201, json: { roots: both, waiting: 0 } },
    'POST /api/agent-roots/retire': { json: { roots: [root('b', true)], waiting: 0 } },
  });
  try {
    const env = { TANDEM_URL: url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: mkdtempSync(join(tmpdir(), 'tandem-cli-')) };
    const listed = (await run(['node', 'roots'], env)).out;
    for (const part of ['bbbbbbbbbbbbbbbb', 'aaaaaaaaaaaaaaaa', 'no, is believed still', '3 machines still with a certificate by the one before']) expect(listed).toContain(part);
    expect((await run(['node', 'roots', 'replace'], env)).out).toContain('No machine needs the one before any more: tandem node roots retire');
    const retired = (await run(['node', 'roots', 'retire'], env)).out;
    expect(retired).toContain('Only the newest root is believed from now on.');
    expect(retired).not.toContain('aaaa');
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
