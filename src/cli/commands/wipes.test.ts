import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { publicJwk, signJws } from '../../base/index.ts';
import { run, stubServer } from '../testing/terminal.ts';

const LEASE = '0192f0c1-0000-7000-8000-0000000000c1';
const NODE = '0192f0c1-0000-7000-8000-000000000001';
const at = '2026-11-26T07:00:00.000Z';
const key = generateKeyPairSync('ed25519').privateKey;
const hash = (text: string) => createHash('sha256').update(text).digest('hex');
const claims = { jti: 'x', lease: hash(`tandem lease ${LEASE}`), machine: hash(`tandem machine ${NODE}`), clean: true, method: 'reset', by: 'agent', beganAt: at, endedAt: at, evidence: ['no process is left', 'evil\u001b[2J'], unchecked: ['memory of GPUs'], software: { agent: '0.1.0' } };
const certificate = signJws(claims, 'tandem-wipe+jwt', key);
const wipe = { id: LEASE, machineId: NODE, clean: true, by: 'agent', method: 'reset', evidence: claims.evidence, unchecked: claims.unchecked, canaries: { planted: ['home'], found: [] }, versions: {}, beganAt: at, endedAt: at, keyId: publicJwk(key).kid, certificate };
const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

test('certificates of a lease are shown and written, checked by the server\'s keys and without any server', async () => {
  const keys = { keys: [{ ...publicJwk(key), createdAt: at, retiredAt: null }] };
  const { server, url, seen } = await stubServer({
    [`GET /api/leases/${LEASE}/wipe-certificates`]: { json: { items: [{ ...wipe, of: 'this' }, { ...wipe, of: 'before', clean: false }], nextCursor: null } },
    'GET /api/wipe-keys': { json: keys },
    'GET /api/nodes': { json: { items: [{ id: NODE, name: 'gpu-1' }], nextCursor: null } },
    [`POST /api/nodes/${NODE}/release`]: { json: { name: 'gpu-1' } },
    [`GET /api/nodes/${NODE}/wipes`]: { json: { items: [wipe], nextCursor: null } },
  });
  open.push(server);
  const folder = mkdtempSync(join(tmpdir(), 'tandem-wipes-'));
  const env = { TANDEM_URL: url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: folder };
  const shown = (await run(['leases', 'wipe', LEASE], env)).out;
  for (const part of ['After this lease', 'Before this lease', 'NO: the machine is quarantined', 'no process is left', 'memory of GPUs']) expect(shown).toContain(part);
  expect(shown).not.toContain('\u001b');
  expect((await run(['node', 'wipes', 'gpu-1'], env)).out).toContain('1 planted, 0 found');

  expect((await run(['node', 'release', 'gpu-1', '--reason', 'killed what was left'], env)).out).toContain('tandem node uncordon gpu-1');
  expect(seen.at(-1)!.body).toEqual({ reason: 'killed what was left' });
  expect((await run(['node', 'release', 'gpu-1'], env)).code).toBe(2);

  const file = join(folder, 'wipe.jws');
  expect((await run(['leases', 'wipe', LEASE, '--out', file], env)).out).toContain('Wrote 2 certificates');
  expect(readFileSync(file, 'utf8')).toBe(`${certificate}\n${certificate}\n`);
  expect(await run(['wipe', 'verify', file], env)).toMatchObject({ code: 0, out: expect.stringContaining(`Valid, signed by the key ${publicJwk(key).kid}`) });

  const kept = join(folder, 'keys.json');
  writeFileSync(kept, (await run(['wipe', 'keys'], env)).out);
  const asked = seen.length;
  const offline = { TANDEM_HOME: folder };
  expect((await run(['wipe', 'verify', file, '--key', kept, '--lease', LEASE, '--machine', NODE], offline)).code).toBe(0);
  expect(await run(['wipe', 'verify', file, '--key', kept, '--lease', NODE], offline)).toMatchObject({ code: 1, out: expect.stringContaining('not of this lease') });
  writeFileSync(file, certificate.replace(/\.[^.]{4}/, '.AAAA'));
  expect(await run(['wipe', 'verify', file, '--key', kept], offline)).toMatchObject({ code: 1, out: expect.stringContaining('NOT VALID') });
  writeFileSync(kept, '{}');
  expect((await run(['wipe', 'verify', file, '--key', kept], offline)).code).toBe(2);
  expect(seen).toHaveLength(asked);
});
