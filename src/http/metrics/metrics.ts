import { Counter, Gauge, Registry } from 'prom-client';
import { CallFigures, type FinishedCall } from './call-figures.ts';

interface RouteFigures {
  readonly targets: readonly { readonly backend: string; readonly model: string; readonly breaker: 'closed' | 'half-open' | 'open'; readonly running: number }[];
  readonly keys: readonly { readonly backend: string; readonly key: string; readonly state: string }[];
}

const BREAKER = { closed: 0, 'half-open': 1, open: 2 } as const;

/** Read when Prometheus asks: figures that other rooms keep anyway. */
export interface MetricsSource {
  ledger(): { readonly unsyncedAgeMs: number; readonly backlogRecords: number; readonly backlogBytes: number };
  queue(): { readonly waiting: number; readonly running: number };
  /** Of targets and keys in this process; absent: there are none. */
  routes?(): RouteFigures;
  /** Calls of consenting projects that were not kept by this process, by reason; absent: there are none. */
  notKept?(): Readonly<Record<string, number>>;
  database(): { readonly staleForMs: number };
  http(): { readonly inFlight: number; readonly liveStreams: number };
}

/**
 * A registry of its own, so that nothing else in the process lands in it. Names follow OpenTelemetry's
 * conventions for generative AI where it has one; the rest are `tandem_…`.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #calls = new CallFigures();
  readonly #refused = new Counter({ name: 'tandem_refused_total', help: 'Calls of the model API that were refused, by error code', labelNames: ['code'], registers: [this.#registry] });

  /** Adds the figures that are read when Prometheus asks; once. */
  watch(source: MetricsSource): void {
    this.#gauge('tandem_log_unsynced_seconds', 'Age of the oldest usage record that is not synced to disk', () => source.ledger().unsyncedAgeMs / 1_000);
    this.#gauge('tandem_log_backlog_records', 'Usage records that are not in Postgres yet', () => source.ledger().backlogRecords);
    this.#gauge('tandem_log_backlog_bytes', 'Bytes of the log that are not in Postgres yet', () => source.ledger().backlogBytes);
    this.#gauge('tandem_queue_waiting', 'Calls that wait for the local engine', () => source.queue().waiting);
    this.#gauge('tandem_queue_running', 'Calls that the local engine works on', () => source.queue().running);
    const routes = () => source.routes?.() ?? { targets: [], keys: [] };
    this.#labelled('tandem_target_breaker', 'Circuit breaker of a model on a backend: 0 closed, 1 half open, 2 open', ['backend', 'model'], () => routes().targets.map(({ backend, model, breaker }) => [{ backend, model }, BREAKER[breaker]]));
    this.#labelled('tandem_target_running', 'Attempts that run on a model on a backend', ['backend', 'model'], () => routes().targets.map(({ backend, model, running }) => [{ backend, model }, running]));
    this.#labelled('tandem_key_resting', '1 while a key of a backend rests or is at its limit', ['backend', 'key'], () => routes().keys.map(({ backend, key, state }) => [{ backend, key }, state === 'ready' ? 0 : 1]));
    new Counter({ name: 'tandem_contributions_not_kept_total', help: 'Calls of consenting projects that were not kept, by reason', labelNames: ['reason'], registers: [this.#registry], collect() {
      this.reset();
      for (const [reason, calls] of Object.entries(source.notKept?.() ?? {})) this.inc({ reason }, calls);
    } });
    this.#gauge('tandem_database_stale_seconds', 'Since the database was last known to answer', () => source.database().staleForMs / 1_000);
    this.#gauge('tandem_http_in_flight', 'Requests in flight', () => source.http().inFlight);
    this.#gauge('tandem_http_live_streams', 'Open streams of /api/live', () => source.http().liveStreams);
    this.#gauge('process_resident_memory_bytes', 'Memory of the gateway process', () => process.memoryUsage.rss());
    this.#gauge('process_cpu_seconds', 'Processor time of the gateway process', () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    });
  }

  /** Errors that nobody caught, which are faults of ours. */
  watchErrors(count: () => number): void {
    this.#gauge('tandem_uncaught_errors', 'Errors that nobody caught since the process began; the server went on', count);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    return `${this.#calls.text()}\n${await this.#registry.metrics()}`;
  }

  finished(call: FinishedCall): void {
    this.#calls.count(call);
  }

  refused(code: string): void {
    this.#refused.inc({ code });
  }

  /** Labels that went are not shown again: the gauge is made anew each time it is read. */
  #labelled(name: string, help: string, labelNames: string[], read: () => (readonly [Record<string, string>, number])[]): void {
    new Gauge({ name, help, labelNames, registers: [this.#registry], collect() {
      this.reset();
      for (const [labels, value] of read()) this.set(labels, value);
    } });
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({ name, help, registers: [this.#registry], collect() { this.set(read()); } });
  }
}
