/**
 * `npm run bench -- machines`: how long a person waits. Each round pastes the line of `tandem node add` on a stand-in host that has nothing of ours,
 * leases it, looks at its screen in a real Chromium, enters by `tandem ssh`, and ends it. Needs root, namespaces, bubblewrap, OpenSSH, TigerVNC
 * and Chromium. `--rounds=N`. The hosts are Linux: stand-ins, not macOS.
 */
import '../support/host-tools.ts';
import { spawn } from 'node:child_process';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { StandInNet, noStandInHosts } from '../../agent/src/testing/stand-in-host.ts';
import { canSandbox } from '../../agent/src/testing/can-sandbox.ts';
import { noBrowser } from '../../console/test/browser.ts';
import { api } from '../../test/acceptance/support/api.ts';
import { openViewer } from '../../test/acceptance/support/look-at-screen.ts';
import { freePort, startProgram, stopEverything } from '../../test/acceptance/support/program.ts';
import { markdown, median, spread } from '../support/stats.ts';

const ROUNDS = Number(process.argv.find((word) => word.startsWith('--rounds='))?.split('=')[1] ?? 5);
/** What each step may take, in seconds; null: nothing is promised. */
const STEPS = {
  'pasted line to usable node': 20, 'lease asked for to running': null, 'lease asked for to first picture in a browser': 15, 'the page opened to first picture': null,
  'tandem ssh, first time': null, 'tandem ssh': 2, 'lease ended to wiped': null,
} as const;
type Step = keyof typeof STEPS;

const cannot = noStandInHosts ?? (canSandbox ? noBrowser : 'leases need bubblewrap, nsenter and OpenSSH\'s server');
if (cannot !== undefined) {
  console.error(`This benchmark cannot run here: ${cannot}.`);
  process.exit(1);
}

const times = new Map<Step, number[]>((Object.keys(STEPS) as Step[]).map((step) => [step, []]));
const note = (step: Step, fromMs: number): void => void times.get(step)!.push((performance.now() - fromMs) / 1_000);
const until = async <T>(look: () => Promise<T>, holds: (seen: T) => boolean): Promise<T> => {
  for (const fromMs = performance.now(); ;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() - fromMs > 120_000) throw new Error(`it did not come about within two minutes: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
};

const net = new StandInNet();
const program = await startProgram({ direct: true, env: { TANDEM_LOCAL_MODEL: 'off', TANDEM_AGENT_ADDRESS: `${net.address}:${await freePort()}` } });
const viewer = await openViewer(program);
/** As a person's shell runs it; another process than the server's, so that this one waits for nothing else. */
const ssh = (lease: string): Promise<void> => new Promise((resolve, reject) => {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, '../../src/cli/main.ts'), 'ssh', lease, '--', 'true'], { env: { PATH: process.env['PATH'], HOME: program.home, TANDEM_HOME: program.home, TANDEM_URL: program.url, TANDEM_KEY: program.key }, stdio: ['ignore', 'ignore', 'inherit'] });
  child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`tandem ssh ended with ${code}`))));
});

try {
  for (let round = 1; round <= ROUNDS; round += 1) {
    const name = `mac-${round}`;
    const host = await net.add(name);
    const { line } = await api<{ line: string }>(program, 'POST', '/api/nodes', { name });
    const pastedMs = performance.now();
    const pasted = host.start(line, { TANDEM_AGENT_STAND_IN: '1' });
    pasted.stdout!.resume();
    pasted.stderr!.resume();
    const node = (await until(async () => (await api<{ items: { id: string; name: string; state: string; inventory: object }[] }>(program, 'GET', '/api/nodes')).items.find((one) => one.name === name), (one) => one?.state === 'ready' && 'cpu' in one.inventory))!;
    note('pasted line to usable node', pastedMs);

    const askedMs = performance.now();
    const { id } = await api<{ id: string }>(program, 'POST', '/api/leases', { key: name, kind: 'mac', minutes: 60 });
    const state = async (): Promise<string> => (await api<{ lease: { state: string } }>(program, 'GET', `/api/leases/${id}`)).lease.state;
    await until(state, (seen) => seen === 'running');
    note('lease asked for to running', askedMs);
    times.get('the page opened to first picture')!.push((await viewer.look(id)) / 1_000);
    note('lease asked for to first picture in a browser', askedMs);

    for (const step of ['tandem ssh, first time', 'tandem ssh'] as const) {
      const enteredMs = performance.now();
      await ssh(id);
      note(step, enteredMs);
    }
    const endedMs = performance.now();
    await api(program, 'POST', `/api/leases/${id}/end`);
    await until(state, (seen) => seen === 'ended');
    note('lease ended to wiped', endedMs);
    await api(program, 'DELETE', `/api/nodes/${node.id}`);
    await host.powerOff();
  }
  console.log(`Machines (stand-ins, not macOS), median of ${ROUNDS} rounds. Load ${loadavg()[0]!.toFixed(1)}, Node ${process.version}.\n`);
  console.log(markdown(['step', 'median, s', 'spread', 'limit, s', ''], [...times].map(([step, seconds]) => {
    const limit = STEPS[step];
    return [step, median(seconds).toFixed(2), spread(seconds, 2), limit === null ? '' : String(limit), limit === null ? '' : median(seconds) <= limit ? 'met' : 'MISSED'];
  })));
  if (viewer.faults.length > 0) console.log(`\nThe browser complained: ${viewer.faults.join('; ')}`);
} finally {
  await viewer.close();
  await program.interrupt();
  await net.close();
  stopEverything();
}
process.exit(0);
