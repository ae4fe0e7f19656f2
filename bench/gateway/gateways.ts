import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVER_FLAGS } from '../../src/cli/server-flags.ts';
import { answers, commandOf, descendants, moveToCore, printed, startOnCore, stop } from '../support/processes.ts';
import { LITELLM } from '../support/litellm.ts';
import { scratchFolder } from '../support/scratch.ts';
import type { Cores } from './cores.ts';
import { MODEL } from './workload.ts';

const ROOT = join(import.meta.dirname, '../..');

/** One gateway under test: where it listens, what its callers send, and the process that is it. */
export interface Gateway {
  readonly name: string;
  /** Port for plain replies, and for streams where the gateway has another upstream for them. */
  readonly port: number;
  readonly streamPort: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly streamHeaders: Readonly<Record<string, string>>;
  readonly pid: number;
  /** Where it is while it is measured. */
  readonly cores: string;
  /** Whether it sends a request's model on as it is: then its streams are asked for by port or by header. */
  readonly forwards: boolean;
  /** What is to be on the gateway's core while it is measured, and out of the way while another is. */
  onCore(): readonly number[];
  /** The gateway's other processes, by name, on the other core. */
  helpers(): Readonly<Record<string, readonly number[]>>;
  stop(): Promise<void>;
}

/** What each of them is started with. */
interface Start {
  readonly cores: Cores;
  /** Ports of the backends. */
  readonly mocks: { readonly plain: number; readonly stream: number };
  readonly port: number;
  /** Said after its name where two of a kind run. */
  readonly as?: string;
}

const named = (name: string, as?: string) => (as === undefined ? name : `${name}, ${as}`);

export async function startBareProxy({ cores, mocks, port, as }: Start): Promise<Gateway> {
  const script = join(import.meta.dirname, 'bare-proxy.ts');
  const plain = startOnCore(cores.gateway, [process.execPath, script, String(port), `http://127.0.0.1:${mocks.plain}`]);
  const stream = startOnCore(cores.gateway, [process.execPath, script, String(port + 1), `http://127.0.0.1:${mocks.stream}`]);
  await Promise.all([printed(plain, 'listening'), printed(stream, 'listening')]);
  return {
    name: named('bare Node proxy', as), port, streamPort: port + 1, headers: {}, streamHeaders: {}, pid: plain.pid!, cores: cores.gateway, forwards: true, onCore: () => [plain.pid!, stream.pid!], helpers: () => ({ stream: [stream.pid!] }),
    stop: async () => void (await Promise.all([stop(plain), stop(stream)])),
  };
}

export async function startPortkey({ cores, mocks, port }: Start): Promise<Gateway> {
  const script = join(createRequire(import.meta.url).resolve('@portkey-ai/gateway/package.json'), '../build/start-server.js');
  const child = startOnCore(cores.gateway, [process.execPath, script, `--port=${port}`, '--headless'], { cwd: tmpdir() });
  await answers(`http://127.0.0.1:${port}/`);
  const headers = (upstream: number) => ({ 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `http://127.0.0.1:${upstream}/v1`, authorization: 'Bearer sk-bench' });
  return {
    name: 'Portkey 1.15.2', port, streamPort: port, headers: headers(mocks.plain), streamHeaders: headers(mocks.stream), pid: child.pid!, cores: cores.gateway, forwards: true, onCore: () => [child.pid!], helpers: () => ({}), stop: () => stop(child, 'SIGKILL'),
  };
}

/** It refuses to start with a short one. */
const LITELLM_KEY = 'sk-bench-0123456789abcdef0123456789abcdef';

/** LiteLLM's proxy from PyPI, one worker, without a database: what its own documentation calls the fastest way to run it. */
export async function startLitellm({ cores, mocks, port, python }: Start & { readonly python: string }): Promise<Gateway> {
  const config = join(scratchFolder('bench-litellm'), 'config.yaml');
  const entry = (alias: string, upstream: number) => `  - model_name: ${alias}\n    litellm_params: { model: openai/mock, api_base: "http://127.0.0.1:${upstream}/v1", api_key: sk-bench }\n`;
  writeFileSync(config, `model_list:\n${entry(MODEL, mocks.plain)}${entry(`${MODEL}-stream`, mocks.stream)}litellm_settings: { telemetry: false }\ngeneral_settings: { master_key: ${LITELLM_KEY} }\n`);
  const child = startOnCore(cores.gateway, [python, '-m', 'litellm.proxy.proxy_cli', '--config', config, '--port', String(port), '--num_workers', '1'], {
    cwd: tmpdir(), env: { ...process.env, LITELLM_LOG: 'ERROR', LITELLM_LOCAL_MODEL_COST_MAP: 'True', PYTHONUNBUFFERED: '1' },
  });
  await answers(`http://127.0.0.1:${port}/health/liveliness`);
  return { name: `LiteLLM ${LITELLM}`, port, streamPort: port, headers: { authorization: `Bearer ${LITELLM_KEY}` }, streamHeaders: { authorization: `Bearer ${LITELLM_KEY}` }, pid: child.pid!, cores: cores.gateway, forwards: false, onCore: () => [child.pid!], helpers: () => ({}), stop: () => stop(child, 'SIGKILL') };
}

/**
 * Tandem as `npm start` runs it: key, budget, ledger and log on. Poster and Postgres run on the ledger's core, which may be the gateway's own.
 */
export async function startTandem({ cores, mocks, port, as, strict = false }: Start & { readonly strict?: boolean }): Promise<Gateway & { readonly url: string; readonly key: string; readonly home: string }> {
  const home = scratchFolder('bench-home');
  const backend = (name: string, upstream: number, alias: string) => ({ name, url: `http://127.0.0.1:${upstream}/v1`, models: [{ alias, model: 'mock', maxOutputTokens: 256 }] });
  writeFileSync(join(home, 'config.json'), JSON.stringify({ backends: [backend('plain', mocks.plain, MODEL), backend('stream', mocks.stream, `${MODEL}-stream`)], egress: { allow: ['127.0.0.0/8'] } }));
  const child = startOnCore(cores.gateway, [process.execPath, '--disable-warning=ExperimentalWarning', ...SERVER_FLAGS, join(ROOT, 'src/start/main.ts'), 'up'], {
    env: { ...process.env, TANDEM_HOME: home, TANDEM_PORT: String(port), TANDEM_LOCAL_MODEL: 'off', TANDEM_LOG: 'warn', TANDEM_STRICT: strict ? '1' : '0' },
  });
  await printed(child, 'Ctrl-C stops everything.');
  const url = `http://127.0.0.1:${port}`;
  const admin = (JSON.parse(readFileSync(join(home, 'credentials.json'), 'utf8')) as { key: string }).key;
  const api = async (path: string, body: unknown) => {
    const response = await fetch(`${url}${path}`, { method: 'POST', headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' }, body: JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text) as { secret: string };
  };
  for (const resource of [MODEL, `${MODEL}-stream`]) {
    await api('/api/prices', { resource, buckets: { input: { price: '1250000000000', per: '1000000' }, cache_read: { price: '150000000000', per: '1000000' }, output: { price: '4250000000000', per: '1000000' } }, source: 'benchmark' });
  }
  const { secret } = await api('/api/keys', { name: 'bench', budget: { amount: '1000000000000000000', period: 'month' } });
  await priceInForce(url, secret);

  // The database's processes are not our children: it has a session of its own.
  const parts = (): Record<string, number[]> => {
    const postmaster = Number(readFileSync(join(home, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0]);
    return {
      poster: descendants(child.pid!).filter((pid) => commandOf(pid).includes('poster')),
      postgres: [postmaster, ...descendants(postmaster)],
    };
  };
  const settle = () => Object.values(parts()).flat().forEach((pid) => moveToCore(pid, cores.ledger));
  settle();
  const together = cores.gateway === cores.ledger;
  return {
    name: strict ? 'Tandem, strict' : together ? 'Tandem, all of it on one core' : named('Tandem', as), port, streamPort: port, headers: { authorization: `Bearer ${secret}` }, streamHeaders: { authorization: `Bearer ${secret}` }, pid: child.pid!, cores: cores.gateway, forwards: false, url, key: admin, home,
    onCore: () => [child.pid!, ...(together ? Object.values(parts()).flat() : [])],
    helpers: () => {
      settle();
      return parts();
    },
    stop: () => stop(child, 'SIGTERM'),
  };
}

/** A price begins some seconds after it was made, so that every process knows it by then. */
async function priceInForce(url: string, key: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'x' }], max_tokens: 8 }),
    });
    const text = await response.text();
    if (response.ok) return;
    if (performance.now() > deadline) throw new Error(`the benchmark's model does not answer: ${response.status} ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
