/** Many agents that do nothing, in one process: `idle.ts COUNT URL KEY FOLDER`. Each has its own key and connection and the real agent's code; prints when all are connected. */
import { mkdirSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { parseAddress } from '../../agent/src/connection/dial.ts';
import { keepConnected } from '../../agent/src/connection/keep.ts';
import { enrol } from '../../agent/src/enrol/enrol.ts';
import { realWait } from '../../agent/src/outside.ts';
import { homeAt } from '../../agent/src/state/home.ts';

const [count = '1000', url = '', key = '', folder = ''] = process.argv.slice(2);
const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort(new Error('stopping')));
let connected = 0;
const outside = { nowMs: () => Date.now(), bootMs: () => uptime() * 1_000, random: () => Math.random(), wait: realWait, log: () => {} };

async function one(number: number): Promise<void> {
  const reply = await fetch(`${url}/api/nodes`, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify({ name: `idle-${number}` }) });
  const { line, token } = (await reply.json()) as { line: string; token: string };
  const [, pin = ''] = /sha256\/\/(\S+)/.exec(line) ?? [];
  const [, server = ''] = /https:\/\/(\S+)\/install\.sh/.exec(line) ?? [];
  const home = join(folder, String(number));
  mkdirSync(home, { recursive: true });
  await enrol({ home, server: parseAddress(server), pin, token, machine: null, platform: 'linux-x64', standIn: true });
  const ready = Promise.withResolvers<void>();
  void keepConnected({ home: homeAt(home), agentVersion: '0.1.0', boot: 'bench', outside, signal: stopping.signal, duties: {
    urgent: () => false, answer: async () => ({}), accept: async () => { throw new Error('idle'); },
    begun(session, { heartbeatMs }) {
      connected += 1;
      ready.resolve();
      session.tell('inventory', { hostname: `idle-${number}`, cpu: { cores: 8 }, gpus: [] });
      const beat = setInterval(() => session.tell('health', { state: 'ok', reasons: [] }), heartbeatMs);
      return () => {
        connected -= 1;
        clearInterval(beat);
      };
    },
  } });
  await ready.promise;
}

for (let at = 0; at < Number(count); at += 10) await Promise.all(Array.from({ length: Math.min(10, Number(count) - at) }, (_, index) => one(at + index)));
process.stdout.write(`connected ${connected}\n`);
