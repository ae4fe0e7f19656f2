import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** A call that has ended, as far as figures go. Labels are bounded: aliases are the operator's, the rest are fixed words. */
export interface FinishedCall {
  readonly alias: string;
  readonly outcome: string;
  readonly quantities: Readonly<Partial<Record<string, bigint>>>;
  readonly firstTokenMs: number | null;
  readonly totalMs: number;
  /** Picodollars. */
  readonly charge: bigint;
  readonly currency: string;
}

/** Read when Prometheus asks: figures that other rooms keep anyway. */
export interface MetricsSource {
  ledger(): { readonly unsyncedAgeMs: number; readonly backlogRecords: number; readonly backlogBytes: number };
  queue(): { readonly waiting: number; readonly running: number };
  database(): { readonly staleForMs: number };
  http(): { readonly inFlight: number; readonly liveStreams: number };
}

const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** More aliases than this share one label, so that a long list cannot fill the store behind. */
const MAX_ALIASES = 200;

/** The figures of one alias. */
interface Series {
  readonly model: string;
  readonly duration: Histogram.Internal<string>;
  readonly firstToken: Histogram.Internal<string>;
  readonly calls: Record<string, Counter.Internal>;
  readonly tokens: Record<string, Counter.Internal>;
  readonly charge: Record<string, Counter.Internal>;
}

/**
 * A registry of its own, so that nothing else in the process lands in it. Names follow OpenTelemetry's
 * conventions for generative AI where it has one; the rest are `tandem_…`.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #series = new Map<string, Series>();
  #rest: Series | undefined;
  readonly #calls = new Counter({ name: 'tandem_calls_total', help: 'Model calls that ended, by alias and outcome', labelNames: ['gen_ai_request_model', 'outcome'], registers: [this.#registry] });
  readonly #tokens = new Counter({ name: 'gen_ai_client_token_usage_total', help: 'Tokens metered, by bucket', labelNames: ['gen_ai_request_model', 'gen_ai_token_type'], registers: [this.#registry] });
  readonly #firstToken = new Histogram({ name: 'gen_ai_server_time_to_first_token_seconds', help: 'From admission to the first token', labelNames: ['gen_ai_request_model'], buckets: SECONDS, registers: [this.#registry] });
  readonly #duration = new Histogram({ name: 'gen_ai_server_request_duration_seconds', help: 'From admission to the end of the reply', labelNames: ['gen_ai_request_model'], buckets: SECONDS, registers: [this.#registry] });
  readonly #charge = new Counter({ name: 'tandem_charge_total', help: 'Charged, in whole currency units (rounded for display; the bill is exact)', labelNames: ['gen_ai_request_model', 'currency'], registers: [this.#registry] });
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

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Runs once per call, so what can be looked up once is kept. */
  finished(call: FinishedCall): void {
    const series = this.#seriesOf(call.alias);
    (series.calls[call.outcome] ??= this.#calls.labels(series.model, call.outcome)).inc();
    series.duration.observe(call.totalMs / 1_000);
    if (call.firstTokenMs !== null) series.firstToken.observe(call.firstTokenMs / 1_000);
    for (const bucket in call.quantities) {
      const quantity = call.quantities[bucket];
      if (quantity !== undefined && quantity > 0n) (series.tokens[bucket] ??= this.#tokens.labels(series.model, bucket)).inc(Number(quantity));
    }
    if (call.charge > 0n) (series.charge[call.currency] ??= this.#charge.labels(series.model, call.currency)).inc(Number(call.charge) / 1e12);
  }

  refused(code: string): void {
    this.#refused.inc({ code });
  }

  #seriesOf(alias: string): Series {
    const known = this.#series.get(alias);
    if (known) return known;
    if (this.#series.size >= MAX_ALIASES) return (this.#rest ??= this.#makeSeries('other'));
    const made = this.#makeSeries(alias);
    this.#series.set(alias, made);
    return made;
  }

  #makeSeries(model: string): Series {
    return { model, duration: this.#duration.labels(model), firstToken: this.#firstToken.labels(model), calls: {}, tokens: {}, charge: {} };
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({ name, help, registers: [this.#registry], collect() { this.set(read()); } });
  }
}
