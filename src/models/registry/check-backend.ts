import { isTandemError, printable, type Clock } from '../../base/index.ts';
import type { Health } from '../health.ts';
import { openaiModels } from '../dialects/list-models.ts';
import type { OutRequest } from '../neutral/dialect.ts';
import type { DialectOut } from '../neutral/parts.ts';
import { CollectedReply } from '../remote/exchange.ts';
import { connectionError, failed, statusError } from '../remote/failure.ts';
import type { RemoteBackend } from '../remote/remote-backend.ts';
import type { Backend } from './target.ts';

/** What one call to a backend has shown. */
export interface BackendCheck {
  readonly ok: boolean;
  readonly latencyMs: number | null;
  readonly models: string[];
  readonly problem: string | null;
  /** What to do; of one that answers, what the check could not see. */
  readonly next: string | null;
}

/** What stands after a backend's URL. */
const FOLLOWS: Readonly<Record<DialectOut, string>> = { chat: '/chat/completions', responses: '/responses', messages: '/messages', gemini: '/models', bedrock: '/model', local: '' };
const WAIT_MS = 10_000;
const MOST_MODELS = 500;

const PROBE: Omit<OutRequest, 'path'> = { method: 'GET', headers: [], body: Buffer.alloc(0), inputBound: 0, outputBound: 0, textBytes: 0 };

/** Asks a backend for its models in its own words, or the local engine for its state. Never throws: a failing backend is the answer. */
export async function checkBackend(backend: Backend, health: Health, clock: Clock): Promise<BackendCheck> {
  if (!backend.remote) {
    const ok = health.state === 'ready';
    return {
      ok, latencyMs: ok ? 0 : null, models: [], problem: ok ? null : health.reason ?? `it is ${health.state}`,
      next: ok ? null : backend.kind === 'local' ? 'Run tandem doctor to see what the local model waits for.' : 'Enter the key again: PATCH /api/backends/{id} with key.',
    };
  }
  const { remote } = backend;
  const startedMs = clock.monotonicMs();
  const exchange = new CollectedReply(clock);
  const done = new AbortController();
  // A wait that ends with the exchange: whichever is first stops the other.
  const late = clock.sleep(WAIT_MS, done.signal).then(() => exchange.stop(failed(remote.words, `it did not answer within ${WAIT_MS / 1000} s`)), () => {});
  try {
    const probe = remote.dialect.probe ?? openaiModels;
    const out = { ...PROBE, path: probe.path };
    remote.send(out, exchange, (await remote.sign(out, clock.nowMs())) ?? []);
    await exchange.ended;
    const models = probe.read({ status: exchange.status, headers: exchange.headers, text: exchange.text() })?.slice(0, MOST_MODELS).map(printable);
    if (!models && exchange.status !== 200) throw refusal(exchange, remote);
    if (!models) throw failed(remote.words, `it has no list of models at its address; the URL should end where ${FOLLOWS[remote.dialect.name]} follows`);
    remote.worked();
    return { ok: true, latencyMs: clock.monotonicMs() - startedMs, models, problem: null, next: probe.unseen ?? null };
  } catch (error) {
    const told = isTandemError(error) && error.code !== 'url_not_allowed' ? error : connectionError(remote.words, error as Error, exchange.answered);
    remote.failed(told.message);
    return { ok: false, latencyMs: null, models: [], problem: told.message, next: `Check that the server runs, that its URL ends where ${FOLLOWS[remote.dialect.name]} follows, and that its key is right; then check again.` };
  } finally {
    done.abort();
    await late;
  }
}

function refusal(exchange: CollectedReply, { words, dialect }: RemoteBackend): Error {
  const text = exchange.text();
  return statusError(words, dialect.errorStatus?.(exchange.status, text) ?? exchange.status, dialect.errorMessage(text), undefined);
}
