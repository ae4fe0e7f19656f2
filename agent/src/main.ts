import { uptime } from 'node:os';
import { parseAddress } from './connection/dial.ts';
import { examine } from './doctor/doctor.ts';
import { enrol } from './enrol/enrol.ts';
import { keepLease } from './leases/keeper.ts';
import { unreached } from './leases/ranks/probe.ts';
import { serveRanks } from './leases/ranks/rank-line.ts';
import { machineHash, platform } from './machine/facts.ts';
import { realWait, type Outside } from './outside.ts';
import { runAgent } from './run.ts';
import { carryLease } from './sessions/carrier.ts';

/** The agent's program: `enrol`, `run`, `doctor`. The token comes by standard input, never as an argument. */
const outside: Outside = {
  nowMs: () => Date.now(), bootMs: () => uptime() * 1_000, random: () => Math.random(), wait: realWait,
  log: (message) => void process.stderr.write(`${new Date().toISOString()} ${message}\n`),
};

/** Tells the launcher to start what is installed now. */
const UPDATED = 75;

// Whoever started this may have let nobody read what it makes; tenants go through folders of leases, and each folder says itself who may.
process.umask(0o022);

const [verb = 'help', ...rest] = process.argv.slice(2);
try {
  process.exitCode = await main(verb, optionsOf(rest));
} catch (error) {
  process.stderr.write(`tandem agent: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function main(word: string, options: ReadonlyMap<string, string>): Promise<number> {
  const need = (name: string): string => {
    const value = options.get(name);
    if (value === undefined) throw new Error(`${word} needs --${name}`);
    return value;
  };
  switch (word) {
    case 'enrol': {
      const name = await enrol({
        home: need('home'), server: parseAddress(need('server')), pin: need('pin'), token: await tokenFromInput(), machine: machineHash(), platform, standIn: process.env['TANDEM_AGENT_STAND_IN'] === '1',
      });
      process.stdout.write(`This machine is the node ${name}.\n`);
      return 0;
    }
    case 'run': {
      const stopping = new AbortController();
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => stopping.abort(new Error(signal)));
      return (await runAgent(need('home'), outside, stopping.signal)) === 'updated' ? UPDATED : 0;
    }
    case 'keep': {
      await keepLease(need('home'), need('lease'), outside);
      return 0;
    }
    case 'carry': {
      await carryLease(need('home'), need('lease'), outside);
      return 0;
    }
    case 'ranks': {
      await serveRanks(need('home'), need('lease'), Number(need('socket')), outside);
      return 0;
    }
    case 'probe': {
      process.stdout.write(JSON.stringify(await unreached({ rank: Number(need('rank')), size: Number(need('size')) })));
      return 0;
    }
    case 'doctor': {
      const checks = await examine(need('home'), process.env['TANDEM_AGENT_STAND_IN'] === '1');
      for (const { id, state, detail, next } of checks) process.stdout.write(`${state.padEnd(5)} ${id.padEnd(12)} ${detail}${next === null ? '' : `\n      Next: ${next}`}\n`);
      return checks.some(({ state }) => state === 'fail') ? 1 : 0;
    }
    default:
      process.stderr.write('tandem agent: enrol --home DIR --server HOST:PORT --pin PIN < token | run --home DIR | doctor --home DIR\n');
      return 2;
  }
}

function optionsOf(words: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (let at = 0; at + 1 < words.length; at += 2) found.set(words[at]!.replace(/^--/, ''), words[at + 1]!);
  return found;
}

async function tokenFromInput(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.length > 1_000) break;
  }
  return text.trim();
}
