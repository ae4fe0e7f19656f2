import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openAgentsHouse } from '../testing/agents-house.ts';

const ROOT = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'tandem-release-'));
const key = join(folder, 'release-key.pem');
let launcher: ChildProcess | undefined;

afterAll(() => {
  launcher?.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

const script = (verb: 'keygen' | 'sign', keyFile: string, source: string): void => {
  const { status, stderr } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', join(ROOT, 'scripts/agent-release.ts'), verb, keyFile, source], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
};

/** The agent's source under another version, changed and signed as told. */
function release(version: string, { from = join(ROOT, 'agent'), signed = true, change = () => {} }: { from?: string; signed?: boolean; change?: (source: string) => void } = {}): string {
  const source = join(folder, version);
  cpSync(from, source, { recursive: true });
  const manifest = join(source, 'package.json');
  writeFileSync(manifest, JSON.stringify({ ...(JSON.parse(readFileSync(manifest, 'utf8')) as object), version }));
  change(source);
  if (signed) script('sign', key, source);
  return source;
}

it('an agent takes a release that is signed, goes back from one that does not report, and leaves one that nobody vouches for (stand-in, not macOS)', { timeout: 150_000 }, async () => {
  const first = release('1.0.0', { signed: false, change: (source) => script('keygen', key, source) });
  script('sign', key, first);
  await using house = await openAgentsHouse({ agentFolder: first });
  const home = join(house.folder, 'node');
  const pasted = await house.paste((await house.fleet.enrolments.create(house.admin, { pool: 'default', name: 'mac-1' })).line, home);
  expect(pasted.code, pasted.output).toBe(0);
  launcher = spawn('sh', [join(home, 'versions/current/launch.sh'), home], { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, TANDEM_AGENT_TRIAL_SECONDS: '20' } });
  let log = '';
  launcher.stderr!.on('data', (chunk: Buffer) => { log += chunk.toString(); });
  const current = (): string => readlinkSync(join(home, 'versions/current'));
  await house.until('at the first release', ({ connected, agentVersion }) => connected && agentVersion === '1.0.0');

  await house.restart(release('1.1.0', { from: first }));
  await house.until('at the second release', ({ connected, agentVersion }) => connected && agentVersion === '1.1.0');
  const second = current();

  // It starts, and ends before it has connected.
  await house.restart(release('1.2.0', { from: first, change: (source) => appendFileSync(join(source, 'src/run.ts'), '\nthrow new Error(\'a broken release\');\n') }));
  for (let tries = 0; tries < 400 && !log.includes('did not report'); tries += 1) await new Promise((resolve) => { setTimeout(resolve, 50); });
  expect(log).toContain('the one before it runs again');
  await house.until('back at the second release', ({ connected, agentVersion }) => connected && agentVersion === '1.1.0');
  expect(current()).toBe(second);
  for (let tries = 0; tries < 200 && !log.includes('it was tried and did not report'); tries += 1) await new Promise((resolve) => { setTimeout(resolve, 50); });
  expect(log).toContain('it was tried and did not report');

  // A server that was taken offers its own: signed by nobody, then by a key that no agent has.
  await house.restart(release('6.6.6', { from: first, signed: false }));
  await house.until('still at the second release', ({ connected }) => connected);
  const forged = release('6.6.7', { from: first, signed: false, change: (source) => script('keygen', join(folder, 'forged.pem'), source) });
  script('sign', join(folder, 'forged.pem'), forged);
  await house.restart(forged);
  for (let tries = 0; tries < 400 && !log.includes('by no key that this agent trusts'); tries += 1) await new Promise((resolve) => { setTimeout(resolve, 50); });
  expect(log).toContain('by no key that this agent trusts');
  expect((await house.until('connected', ({ connected }) => connected)).agentVersion).toBe('1.1.0');
  expect(current()).toBe(second);
});
