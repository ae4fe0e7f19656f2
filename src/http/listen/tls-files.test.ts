import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../base/index.ts';
import { TEST_KEY, startShell } from '../testing/shell.ts';
import { readTls, reloadTls } from './tls-files.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');
let folder: string;
let files: { cert: string; key: string };

const put = (which: 'old' | 'new') => {
  copyFileSync(join(FIXTURES, `${which}.key.pem`), files.key);
  copyFileSync(join(FIXTURES, `${which}.cert.pem`), files.cert);
};
const nameAt = async (port: number) => {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const name = socket.getPeerCertificate().subject.CN;
  socket.destroy();
  return name;
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-tls-'));
  files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  put('old');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('TLS by certificate files', () => {
  it('serves HTTPS, and marks the session cookie for it', async () => {
    await using shell = await startShell({ tls: files });
    expect(shell.url).toMatch(/^https:/);
    expect(await nameAt(shell.port)).toBe('test-old.tandem.invalid');
    const socket = connect({ port: shell.port, host: '127.0.0.1', rejectUnauthorized: false });
    socket.write(`GET /v1/models HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TEST_KEY}\r\nconnection: close\r\n\r\n`);
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('takes a renewed certificate without a restart, and keeps the old one when the new is broken', async () => {
    let told: (level: string) => void = () => {};
    const log = { ...silentLogger, info: () => told('info'), error: () => told('error') };
    const server: Server = createServer(readTls(files));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const stop = reloadTls(server, files, log, 20);
    try {
      const renewed = new Promise<string>((resolve) => { told = (level) => { if (level === 'info') resolve(level); }; });
      put('new');
      await renewed;
      expect(await nameAt(port)).toBe('test-new.tandem.invalid');
      const broken = new Promise<string>((resolve) => { told = (level) => { if (level === 'error') resolve(level); }; });
      writeFileSync(files.cert, 'not a certificate');
      expect(await broken).toBe('error');
      expect(await nameAt(port)).toBe('test-new.tandem.invalid');
    } finally {
      stop();
      server.close();
    }
  });

  it('names the file or the pair that is wrong before it listens', async () => {
    expect(() => readTls({ ...files, key: join(folder, 'missing.pem') })).toThrow(/TANDEM_TLS_KEY.*missing\.pem cannot be read/);
    copyFileSync(join(FIXTURES, 'new.key.pem'), files.key);
    await expect(startShell({ tls: files })).rejects.toMatchObject({ code: 'setting_invalid', message: expect.stringContaining('not a key and its certificate') });
  });
});
