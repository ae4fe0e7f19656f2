/** A call that has ended, as far as figures go. Labels are bounded: aliases are the operator's, the rest are fixed words. */
export interface FinishedCall {
  readonly alias: string;
  /** What was asked for, by OpenTelemetry's names: `chat`, `embeddings`. */
  readonly operation: string;
  /** Who served it, by OpenTelemetry's names. */
  readonly provider: string;
  readonly outcome: string;
  readonly quantities: Readonly<Partial<Record<string, bigint>>>;
  readonly firstTokenMs: number | null;
  readonly totalMs: number;
  /** Picodollars. */
  readonly charge: bigint;
  readonly currency: string;
}

/**
 * Upper bounds of the buckets, as OpenTelemetry's conventions for generative AI state them for each metric
 * (semantic-conventions, docs/gen-ai/gen-ai-metrics.md); the last of the durations are ours, for long replies.
 */
const DURATION = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 300, 900];
const FIRST_TOKEN = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30];
const OUTPUT_TOKEN = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];
const TOKENS = [1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864];
/** Buckets of the bill that are read by the model, and those that it wrote. */
const INPUT = ['input', 'cache_read', 'cache_write', 'cache_write_1h', 'audio_input', 'image_input'] as const;
const OUTPUT = ['output', 'reasoning', 'audio_output'] as const;
/** Outcomes of calls that ended in an error: `error.type` of the conventions, which time tokens of successful replies alone. A client that leaves is none. */
const ERRORS = new Set(['failed', 'cut', 'deadline']);
/** More aliases than this share one label, so that a long list cannot fill the store behind. */
const MAX_ALIASES = 200;

type Totals = Record<string, number>;

class Histogram {
  readonly bounds: readonly number[];
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = [...bounds, 0].fill(0);
  }

  observe(value: number): void {
    let at = 0;
    while (at < this.bounds.length && value > this.bounds[at]!) at += 1;
    this.counts[at]! += 1;
    this.sum += value;
  }
}

/** What is kept of the calls of one alias, operation and provider. */
class Series {
  readonly labels: string;
  readonly duration = new Histogram(DURATION);
  /** Of calls that ended in an error, by how they did. */
  readonly failed = new Map<string, Histogram>();
  readonly firstToken = new Histogram(FIRST_TOKEN);
  readonly outputToken = new Histogram(OUTPUT_TOKEN);
  readonly input = new Histogram(TOKENS);
  readonly output = new Histogram(TOKENS);

  constructor(labels: string) {
    this.labels = labels;
  }
}

/** What is kept of the calls of one alias. */
class Alias {
  readonly label: string;
  readonly series = new Map<string, Series>();
  readonly calls: Totals = {};
  readonly tokens: Totals = {};
  readonly charge: Totals = {};

  constructor(name: string) {
    this.label = `gen_ai_request_model="${escape(name)}"`;
  }
}

/**
 * The figures of calls, by alias. Added up here as plain numbers and written in Prometheus' text form when it asks:
 * prom-client makes and hashes an object of labels for each of a call's numbers, which took 1.4 µs a call.
 */
export class CallFigures {
  readonly #aliases = new Map<string, Alias>();

  count(call: FinishedCall): void {
    const alias = this.#aliasOf(call.alias);
    add(alias.calls, call.outcome, 1);
    for (const bucket in call.quantities) {
      const quantity = call.quantities[bucket];
      if (quantity !== undefined && quantity > 0n) add(alias.tokens, bucket, Number(quantity));
    }
    if (call.charge > 0n) add(alias.charge, call.currency, Number(call.charge) / 1e12);
    const series = seriesOf(alias, call.operation, call.provider);
    const [input, output] = [sumOf(call.quantities, INPUT), sumOf(call.quantities, OUTPUT)];
    const failed = ERRORS.has(call.outcome);
    (failed ? failedOf(series, call.outcome) : series.duration).observe(call.totalMs / 1_000);
    if (input > 0) series.input.observe(input);
    if (output > 0) series.output.observe(output);
    if (failed || call.firstTokenMs === null) return;
    series.firstToken.observe(call.firstTokenMs / 1_000);
    if (output > 1 && call.totalMs > call.firstTokenMs) series.outputToken.observe((call.totalMs - call.firstTokenMs) / 1_000 / (output - 1));
  }

  text(): string {
    return [
      this.#counter('tandem_calls_total', 'Model calls that ended, by alias and outcome', 'outcome', (alias) => alias.calls),
      this.#counter('tandem_tokens_total', 'What was metered, by the buckets of the bill', 'bucket', (alias) => alias.tokens),
      this.#histogram('gen_ai_client_token_usage', 'Tokens of a call, by whether the model read or wrote them', (series) => [[',gen_ai_token_type="input"', series.input], [',gen_ai_token_type="output"', series.output]]),
      this.#histogram('gen_ai_server_time_to_first_token_seconds', 'From admission to the first token', (series) => [['', series.firstToken]]),
      this.#histogram('gen_ai_server_time_per_output_token_seconds', 'After the first token, per token', (series) => [['', series.outputToken]]),
      this.#histogram('gen_ai_server_request_duration_seconds', 'From admission to the end of the reply', (series) => [['', series.duration], ...[...series.failed].map(([type, histogram]) => [`,error_type="${escape(type)}"`, histogram] as const)]),
      this.#counter('tandem_charge_total', 'Charged, in whole currency units (rounded for display; the bill is exact)', 'currency', (alias) => alias.charge),
    ].join('\n');
  }

  #counter(name: string, help: string, label: string, read: (alias: Alias) => Totals): string {
    let text = head(name, help, 'counter');
    for (const alias of this.#aliases.values()) {
      for (const [value, total] of Object.entries(read(alias))) text += `${name}{${alias.label},${label}="${escape(value)}"} ${total}\n`;
    }
    return text;
  }

  /** @param parts what there is of a series, each with the labels that it has beside the series' own. */
  #histogram(name: string, help: string, parts: (series: Series) => readonly (readonly [labels: string, histogram: Histogram])[]): string {
    let text = head(name, help, 'histogram');
    for (const alias of this.#aliases.values()) {
      for (const series of alias.series.values()) {
        for (const [more, { bounds, counts, sum }] of parts(series)) {
          const labels = series.labels + more;
          let below = 0;
          counts.forEach((count, at) => {
            below += count;
            text += `${name}_bucket{le="${bounds[at] ?? '+Inf'}",${labels}} ${below}\n`;
          });
          text += `${name}_sum{${labels}} ${sum}\n${name}_count{${labels}} ${below}\n`;
        }
      }
    }
    return text;
  }

  #aliasOf(name: string): Alias {
    const known = this.#aliases.get(name);
    if (known) return known;
    if (this.#aliases.size >= MAX_ALIASES && name !== 'other') return this.#aliasOf('other');
    const made = new Alias(name);
    this.#aliases.set(name, made);
    return made;
  }
}

/** Operations and providers are fixed words, so an alias has few. */
function seriesOf(alias: Alias, operation: string, provider: string): Series {
  const key = `${operation} ${provider}`;
  let series = alias.series.get(key);
  if (series === undefined) {
    series = new Series(`${alias.label},gen_ai_operation_name="${escape(operation)}",gen_ai_provider_name="${escape(provider)}"`);
    alias.series.set(key, series);
  }
  return series;
}

function failedOf({ failed }: Series, outcome: string): Histogram {
  let histogram = failed.get(outcome);
  if (histogram === undefined) failed.set(outcome, (histogram = new Histogram(DURATION)));
  return histogram;
}

function sumOf(quantities: FinishedCall['quantities'], buckets: readonly string[]): number {
  let sum = 0;
  for (const bucket of buckets) {
    const quantity = quantities[bucket];
    if (quantity !== undefined) sum += Number(quantity);
  }
  return sum;
}

function add(totals: Totals, name: string, amount: number): void {
  totals[name] = (totals[name] ?? 0) + amount;
}

function head(name: string, help: string, type: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function escape(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
