import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { installScript } from './install-script.ts';

const LAUNCHER = join(import.meta.dirname, '../../../agent/launch.sh');
let folder: string;
let home: string;
let units: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-install-'));
  [home, units] = [join(folder, 'agent'), join(folder, 'units')];
  for (const made of [units, join(folder, 'bin')]) mkdirSync(made);
  // Stands for a server that cannot be reached: whoever comes here has passed every look before.
  writeFileSync(join(folder, 'bin/curl'), '#!/bin/sh\nexit 7\n', { mode: 0o755 });
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The script of the line as it is, but for the folders of units, which are not this machine's. */
function paste(env: Record<string, string> = {}): { code: number | null; said: string } {
  const script = installScript({ host: '192.0.2.1', port: 4601, pin: 'pin' }, { hash: 'a'.repeat(64), archiveHash: 'b'.repeat(64) }).replaceAll('/etc/systemd/system', units).replaceAll('/Library/LaunchDaemons', units);
  const { status, stderr } = spawnSync('sh', ['-c', script], { input: 'token\n', encoding: 'utf8', env: { PATH: `${join(folder, 'bin')}:${process.env['PATH']}`, HOME: folder, TANDEM_AGENT_HOME: home, ...env } });
  return { code: status, said: stderr };
}

const FETCHES = { code: 1, said: expect.stringContaining('the server did not give /node/') as unknown };
const enrolled = (): void => {
  mkdirSync(join(home, 'identity'), { recursive: true });
  writeFileSync(join(home, 'identity/identity.json'), `${JSON.stringify({ node: { id: 'n', name: 'gpu-1' }, server: { host: 'tandem.example.com', port: 4601 }, roots: [], standIn: false }, null, 2)}\n`);
};

test('a machine without an agent fetches one', () => {
  expect(paste()).toEqual(FETCHES);
});

test('a machine that is a node already stays that node, unless somebody says that it is to be another one', () => {
  enrolled();
  expect(paste()).toEqual({ code: 1, said: 'tandem: this machine is the node gpu-1 already. Leave it so; or remove that one first (tandem node remove gpu-1), put env TANDEM_AGENT_AGAIN=1 before sh in the line, and paste it again\n' });
  expect(existsSync(join(home, 'versions'))).toBe(false);
  expect(paste({ TANDEM_AGENT_AGAIN: '1' })).toEqual(FETCHES);
});

test.each([['systemd_unit', 'tandem-agent.service'], ['launchd_plist', 'tandem.agent.plist']])('an agent in another folder does not take the service of the one that is there: %s', (unit, name) => {
  const write = (at: string): void => {
    // As the launcher itself writes it.
    const lines = readFileSync(LAUNCHER, 'utf8');
    const body = new RegExp(`${unit}\\(\\) \\{[\\s\\S]*?\\n\\}`).exec(lines)![0];
    writeFileSync(join(units, name), spawnSync('sh', ['-c', `${body}\n${unit} "$1"`, 'sh', at], { encoding: 'utf8' }).stdout);
  };
  write(join(folder, 'first agent'));
  const refused = { code: 1, said: expect.stringContaining(`this machine has an agent in ${folder}/first agent already, which is its service.`) as unknown };
  expect([paste(), paste({ TANDEM_AGENT_AGAIN: '1' })]).toEqual([refused, refused]);
  expect(existsSync(home)).toBe(false);
  // Without a service there is nothing to take, as in a container beside others.
  expect(paste({ TANDEM_AGENT_SERVICE: 'none' })).toEqual(FETCHES);
  write(home);
  expect(paste()).toEqual(FETCHES);
});
