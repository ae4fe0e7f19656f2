import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { AgentReleases } from '../testing/agent-release.ts';
import { openAgentsHouse } from '../testing/agents-house.ts';

const folder = mkdtempSync(join(tmpdir(), 'tandem-release-'));
let launcher: ChildProcess | undefined;

afterAll(() => {
  launcher?.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

const releases = new AgentReleases(folder);

it('an agent takes a release that is signed, goes back from one that does not report, and leaves one that nobody vouches for (stand-in, not macOS)', { timeout: 150_000 }, async () => {
  const first = releases.first('1.0.0');
  await using house = await openAgentsHouse({ agentFolder: first });
  const home = join(house.folder, 'node');
  const pasted = await house.paste((await house.fleet.enrolments.create(house.admin, { pool: 'default', name: 'mac-1' })).line, home);
  expect(pasted.code, pasted.output).toBe(0);
  launcher = spawn('sh', [join(home, 'versions/current/launch.sh'), home], { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, TANDEM_AGENT_TRIAL_SECONDS: '20' } });
  let log = '';
  launcher.stderr!.on('data', (chunk: Buffer) => { log += chunk.toString(); });
  const current = (): string => readlinkSync(join(home, 'versions/current'));
  await house.until('at the first release', ({ connected, agentVersion }) => connected && agentVersion === '1.0.0');

  await house.restart(releases.make('1.1.0', { from: first }));
  await house.until('at the second release', ({ connected, agentVersion }) => connected && agentVersion === '1.1.0');
  const second = current();

  // It starts, and ends before it has connected.
  await house.restart(releases.make('1.2.0', { from: first, change: (source) => appendFileSync(join(source, 'src/run.ts'), '\nthrow new Error(\'a broken release\');\n') }));
  for (let tries = 0; tries < 400 && !log.includes('did not report'); tries += 1) await new Promise((resolve) => { setTimeout(resolve, 50); });
  expect(log).toContain('the one before it runs again');
  await house.until('back at the second release', ({ connected, agentVersion }) => connected && agentVersion === '1.1.0');
  expect(current()).toBe(second);
  for (let tries = 0; tries < 200 && !log.includes('it was tried and did not report'); tries += 1) await new Promise((resolve) => { setTimeout(resolve, 50); });
  expect(log).toContain('it was tried and did not report');

  // A server that was taken offers its own: signed by nobody, then by a key that no agent has.
  await house.restart(releases.make('6.6.6', { from: first, signed: false }));
  await house.until('still at the second release', ({ connected }) => connected);
  const forged = releases.make('6.6.7', { from: first, signed: false, change: (source) => releases.script('keygen', source, join(folder, 'forged.pem')) });
  releases.script('sign', forged, join(folder, 'forged.pem'));
  await house.restart(forged);
  for (let tries = 0; tries < 400 && !log.includes('by no key that this agent trusts'); tries += 1) await new Promise((resolve) => { setTimeout(resolve, 50); });
  expect(log).toContain('by no key that this agent trusts');
  expect((await house.until('connected', ({ connected }) => connected)).agentVersion).toBe('1.1.0');
  expect(current()).toBe(second);
});
