/**
 * `npm run bench -- gateway`: what Tandem costs in front of a backend, with key, budget, ledger and log on, beside a bare Node
 * proxy and beside Portkey's gateway, in the same run. The gateway has core 0 for itself; load, mock, poster and Postgres share core 1.
 * Options: --rounds 5 --seconds 5 --without portkey
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cpuSeconds, residentMiB } from '../support/processes.ts';
import { markdown, median, spread } from '../support/stats.ts';
import { requireTools } from '../support/tools.ts';
import { startBareProxy, startPortkey, startTandem, type Gateway } from './gateways.ts';
import { startMocks } from './mock.ts';
import { FRAMES, MODEL, REQUEST, STREAM_REQUEST } from './workload.ts';
import { wrk } from './wrk.ts';

const GATEWAY_CORE = 0;
const LOAD_CORE = 1;
const MOCKS = { plain: 19_100, stream: 19_101 };
const DRAIN_LIMIT_MS = 5_000;

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '5' }, without: { type: 'string', default: '' } } });
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);

interface OpenLoop { readonly sent: number; readonly answered: number; readonly errors: number; readonly p50Ms: number; readonly p99Ms: number }
interface Figures { saturation: number[]; errors: number; p50: number[]; p99: number[]; streamUs: number[]; rss: number; note: string }

requireTools(['wrk', 'nginx', 'taskset']);
await startMocks(LOAD_CORE, MOCKS.plain, MOCKS.stream);
const tandem = await startTandem(GATEWAY_CORE, LOAD_CORE, MOCKS, 19_300, false);
const strict = await startTandem(GATEWAY_CORE, LOAD_CORE, MOCKS, 19_310, true);
const bare = await startBareProxy(GATEWAY_CORE, MOCKS, 19_200);
const gateways: Gateway[] = [bare, tandem, strict, ...(values.without.includes('portkey') ? [] : [await startPortkey(GATEWAY_CORE, MOCKS, 19_400)])];
const figures = new Map<Gateway, Figures>(gateways.map((gateway) => [gateway, { saturation: [], errors: 0, p50: [], p99: [], streamUs: [], rss: 0, note: '' }]));
const helperCost: { poster: number; postgres: number; calls: number; drainMs: number[] } = { poster: 0, postgres: 0, calls: 0, drainMs: [] };

for (const gateway of gateways) await saturate(gateway, 2);
for (let round = 1; round <= rounds; round += 1) {
  for (const gateway of gateways) {
    const own = figures.get(gateway)!;
    const before = helperCpu(gateway);
    const result = await saturate(gateway, seconds);
    own.saturation.push(result.requestsPerSecond);
    own.errors += result.errors;
    if (gateway === tandem) {
      helperCost.drainMs.push(await drained());
      const after = helperCpu(gateway);
      helperCost.poster += after.poster - before.poster;
      helperCost.postgres += after.postgres - before.postgres;
      helperCost.calls += result.requests;
    }
    console.error(`round ${round}: ${gateway.name} ${result.requestsPerSecond.toFixed(0)}/s${result.errors > 0 ? `, ${result.errors} errors` : ''}`);
  }
}

const half = median(figures.get(bare)!.saturation) / 2;
const direct: OpenLoop[] = [];
for (let round = 1; round <= rounds; round += 1) {
  direct.push(await openLoop(MOCKS.plain, {}, half));
  for (const gateway of gateways) {
    const own = figures.get(gateway)!;
    if (median(own.saturation) < half) {
      own.note = 'saturates below this rate';
      continue;
    }
    const result = await openLoop(gateway.port, gateway.headers, half);
    own.p50.push(result.p50Ms);
    own.p99.push(result.p99Ms);
    own.errors += result.errors;
  }
  for (const gateway of gateways) await streams(gateway);
}
for (const gateway of gateways) figures.get(gateway)!.rss = residentMiB(gateway.pid);

report();
for (const gateway of gateways) await gateway.stop();
process.exit(0);

function saturate(gateway: Gateway, forSeconds: number) {
  return wrk({ core: LOAD_CORE, url: `http://127.0.0.1:${gateway.port}/v1/chat/completions`, connections: 64, seconds: forSeconds, body: REQUEST, headers: gateway.headers });
}

/** Streams one after another on 8 connections; CPU of the gateway process per 64-frame reply. */
async function streams(gateway: Gateway): Promise<void> {
  const own = figures.get(gateway)!;
  const pid = gateway.helpers()['stream']?.[0] ?? gateway.pid;
  const body = gateway === tandem || gateway === strict ? STREAM_REQUEST.replace(`"${MODEL}"`, `"${MODEL}-stream"`) : STREAM_REQUEST;
  const before = cpuSeconds(pid);
  const result = await wrk({ core: LOAD_CORE, url: `http://127.0.0.1:${gateway.streamPort}/v1/chat/completions`, connections: 8, seconds, body, headers: gateway.streamHeaders });
  if (result.errors > 0 || result.requests === 0) {
    own.note = `${own.note ? `${own.note}; ` : ''}streams fail`;
    return;
  }
  own.streamUs.push(((cpuSeconds(pid) - before) / result.requests) * 1e6);
}

function helperCpu(gateway: Gateway): { poster: number; postgres: number } {
  const parts = gateway.helpers();
  const sum = (pids: readonly number[] | undefined) => (pids ?? []).reduce((total, pid) => total + cpuSeconds(pid), 0);
  return { poster: sum(parts['poster']), postgres: sum(parts['postgres']) };
}

/** How long until everything that was answered stands in the bill. */
async function drained(): Promise<number> {
  const started = performance.now();
  for (;;) {
    const text = await (await fetch(`${tandem.url}/metrics`, { headers: { authorization: `Bearer ${tandem.key}` } })).text();
    const backlog = /^tandem_log_backlog_records(?:\{[^}]*\})? (\d+)/m.exec(text);
    if (!backlog) throw new Error('the metric tandem_log_backlog_records is not there');
    if (backlog[1] === '0') return performance.now() - started;
    if (performance.now() - started > 120_000) throw new Error('the backlog does not drain');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function openLoop(port: number, headers: Readonly<Record<string, string>>, rate: number): Promise<OpenLoop> {
  const options = JSON.stringify({ port, headers, rate, seconds, connections: 64, body: REQUEST });
  const child = spawn('taskset', ['-c', String(LOAD_CORE), process.execPath, join(import.meta.dirname, 'open-loop.ts'), options], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => child.once('close', () => {
    try {
      resolve(JSON.parse(output) as OpenLoop);
    } catch (error) {
      reject(error);
    }
  }));
}

function report(): void {
  const bareRate = median(figures.get(bare)!.saturation);
  const bareStream = median(figures.get(bare)!.streamUs);
  const [directP50, directP99] = [median(direct.map((one) => one.p50Ms)), median(direct.map((one) => one.p99Ms))];
  const added = (own: readonly number[], base: number) => (own.length === 0 ? '-' : `${(median(own) - base).toFixed(2)} (${spread(own.map((one) => one - base), 2)})`);
  console.log(`\nMedian of ${rounds} interleaved rounds of ${seconds} s (smallest–largest). Node ${process.versions.node}, gateway alone on one core.\n`);
  console.log(markdown(
    ['gateway', 'requests/s at saturation', '× bare', `added p50 ms at ${half.toFixed(0)}/s`, 'added p99 ms', `CPU µs per ${FRAMES}-frame stream`, '× bare', 'RSS MiB', 'errors', 'note'],
    gateways.map((gateway) => {
      const own = figures.get(gateway)!;
      const rate = median(own.saturation);
      return [gateway.name, `${rate.toFixed(0)} (${spread(own.saturation)})`, (rate / bareRate).toFixed(2), added(own.p50, directP50), added(own.p99, directP99),
        own.streamUs.length === 0 ? '-' : `${median(own.streamUs).toFixed(0)} (${spread(own.streamUs)})`, own.streamUs.length === 0 ? '-' : (median(own.streamUs) / bareStream).toFixed(2), own.rss.toFixed(0), String(own.errors), own.note];
    }),
  ));
  const perThousand = (cpu: number) => ((cpu / helperCost.calls) * 1e6).toFixed(0);
  const slowest = Math.max(...helperCost.drainMs);
  console.log(`\nPer 1,000 calls beside the gateway: poster ${perThousand(helperCost.poster)} ms of CPU, Postgres ${perThousand(helperCost.postgres)} ms.`);
  console.log(`The log's backlog was posted ${(slowest / 1000).toFixed(1)} s after the end of load at the latest (limit ${DRAIN_LIMIT_MS / 1000} s${slowest > DRAIN_LIMIT_MS ? ', MISSED' : ''}).`);
  const rate = median(figures.get(tandem)!.saturation);
  const portkey = gateways.find((gateway) => gateway.name.startsWith('Portkey'));
  console.log(`Targets: ≥ 0.40 × bare: ${(rate / bareRate).toFixed(2)}${portkey ? `; ≥ 4 × Portkey: ${(rate / median(figures.get(portkey)!.saturation)).toFixed(1)}` : ''}.`);
}
