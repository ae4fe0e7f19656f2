import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfig } from './config.ts';

const home = () => mkdtempSync(join(tmpdir(), 'tandem-config-'));

test('the defaults are those of the reference', () => {
  const config = readConfig({ HOME: '/nowhere' }, true);
  expect(config).toMatchObject({ home: '/var/lib/tandem', host: '127.0.0.1', port: 4600, databaseUrl: null, strict: false, trustedProxies: [], file: {} });
  expect(config.secretFile).toBe('/var/lib/tandem/secret');
});

test.each([
  ['TANDEM_PORT', '70000'],
  ['TANDEM_PORT', '0x10'],
  ['TANDEM_PORT', '-1'],
  ['TANDEM_STRICT', 'yes'],
  ['DATABASE_URL', 'mysql://x'],
  ['TANDEM_PUBLIC_URL', 'ftp://x'],
  ['TANDEM_LOG', 'loud'],
  ['TANDEM_TLS_CERT', '/tmp/cert.pem'],
  ['TANDEM_CONFIG', '/nowhere/config.json'],
])('%s=%s is refused by name', (name, value) => {
  expect(() => readConfig({ TANDEM_HOME: home(), [name]: value })).toThrow(expect.objectContaining({ code: 'setting_invalid' }));
});

test('the operator\'s file is read from the home', () => {
  const folder = home();
  writeFileSync(join(folder, 'config.json'), '{"egress":{"allow":["10.0.0.0/8"]}}');
  expect(readConfig({ TANDEM_HOME: folder }).file).toEqual({ egress: { allow: ['10.0.0.0/8'] } });
});

test('a broken operator\'s file is refused without quoting it', () => {
  const folder = home();
  writeFileSync(join(folder, 'config.json'), '{"key": "canary-secret"');
  expect(() => readConfig({ TANDEM_HOME: folder })).toThrow(/is not a JSON object/);
  try {
    readConfig({ TANDEM_HOME: folder });
  } catch (error) {
    expect(String(error)).not.toContain('canary');
  }
});

test.each([
  [{}, null], [{ TANDEM_HOST: '192.0.2.7' }, { host: '192.0.2.7', port: 4601 }], [{ TANDEM_HOST: '0.0.0.0' }, null], [{ TANDEM_HOST: '::', TANDEM_PUBLIC_URL: 'https://[2001:db8::1]' }, { host: '2001:db8::1', port: 4601 }],
  [{ TANDEM_HOST: '0.0.0.0', TANDEM_PUBLIC_URL: 'https://tandem.example.com' }, { host: 'tandem.example.com', port: 4601 }], [{ TANDEM_PUBLIC_URL: 'https://tandem.example.com' }, null], [{ TANDEM_HOST: '0.0.0.0', TANDEM_PUBLIC_URL: 'http://localhost:4600' }, null],
  [{ TANDEM_AGENT_ADDRESS: '127.0.0.1:9' }, { host: '127.0.0.1', port: 9 }], [{ TANDEM_AGENT_ADDRESS: '[2001:db8::1]:9' }, { host: '2001:db8::1', port: 9 }], [{ TANDEM_HOST: '192.0.2.7', TANDEM_AGENT_ADDRESS: 'off' }, null],
])('with %j machines reach the server at %j', (env, expected) => {
  expect(readConfig({ TANDEM_HOME: home(), ...env }).agentAddress).toEqual(expected);
});

test.each(['tandem.example.com', ':4601', '0.0.0.0:4601', '[::]:4601', 'user@host:1', 'host:1/path', 'http://host:1'])('machines cannot reach a server at %s', (value) => {
  expect(() => readConfig({ TANDEM_HOME: home(), TANDEM_AGENT_ADDRESS: value })).toThrow(expect.objectContaining({ code: 'setting_invalid' }));
});
