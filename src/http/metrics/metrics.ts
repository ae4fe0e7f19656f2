import { Counter, Gauge, Registry } from 'prom-client';
import { CallFigures, type FinishedCall } from './call-figures.ts';

/** Read when Prometheus asks: figures that other rooms keep anyway. */
export interface MetricsSource {
  ledger(): { readonly unsyncedAgeMs: number; readonly backlogRecords: number; readonly backlogBytes: number };
  queue(): { readonly waiting: number; readonly running: number };
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
    this.#gauge('tandem_database_stale_seconds', 'Since the database was last known to answer', () => source.database().staleForMs / 1_000);
    this.#gauge('tandem_http_in_flight', 'Requests in flight', () => source.http().inFlight);
    this.#gauge('tandem_http_live_streams', 'Open streams of /api/live', () => source.http().liveStreams);
    this.#gauge('process_resident_memory_bytes', 'Memory of the gateway process', () => process.memoryUsage.rss());
    this.#gauge('process_cpu_seconds', 'Processor time of the gateway process', () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    });
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

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({ name, help, registers: [this.#registry], collect() { this.set(read()); } });
  }
}
