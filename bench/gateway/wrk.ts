import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FIRST } from '../support/processes.ts';
import { scratchFolder } from '../support/scratch.ts';

export interface WrkResult {
  readonly requestsPerSecond: number;
  readonly requests: number;
  readonly errors: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Closed-loop load: so many connections, each sending its next request when the last is answered. */
export async function wrk(options: { core: string; url: string; connections: number; seconds: number; body: string; headers: Readonly<Record<string, string>> }): Promise<WrkResult> {
  const script = join(scratchFolder('wrk'), 'load.lua');
  const headers = Object.entries({ 'content-type': 'application/json', ...options.headers }).map(([name, value]) => `wrk.headers["${name}"] = ${JSON.stringify(value)}`);
  writeFileSync(script, `wrk.method = "POST"\nwrk.body = ${JSON.stringify(options.body)}\n${headers.join('\n')}
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('RESULT {"requests":%d,"us":%d,"errors":%d,"p50":%d,"p99":%d}\\n', summary.requests, summary.duration,
    e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50), latency:percentile(99)))
end\n`);
  const child = spawn('taskset', ['-c', options.core, ...FIRST, 'wrk', '-t1', `-c${options.connections}`, `-d${options.seconds}s`, '--timeout', '10s', '-s', script, options.url], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  const line = /RESULT (.*)/.exec(output);
  if (!line) throw new Error(`wrk gave no result:\n${output}`);
  const result = JSON.parse(line[1]!) as { requests: number; us: number; errors: number; p50: number; p99: number };
  return { requests: result.requests, errors: result.errors, requestsPerSecond: (result.requests / result.us) * 1e6, p50Ms: result.p50 / 1000, p99Ms: result.p99 / 1000 };
}
