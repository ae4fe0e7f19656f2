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

/** Upper bounds of the buckets of durations. */
const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** More aliases than this share one label, so that a long list cannot fill the store behind. */
const MAX_ALIASES = 200;

type Totals = Record<string, number>;

class Durations {
  readonly counts: number[] = [...SECONDS, 0].fill(0);
  sum = 0;

  observe(seconds: number): void {
    let at = 0;
    while (at < SECONDS.length && seconds > SECONDS[at]!) at += 1;
    this.counts[at]! += 1;
    this.sum += seconds;
  }
}

class Series {
  readonly duration = new Durations();
  readonly firstToken = new Durations();
  readonly calls: Totals = {};
  readonly tokens: Totals = {};
  readonly charge: Totals = {};
}

/**
 * The figures of calls, by alias. Added up here as plain numbers and written in Prometheus' text form when it asks:
 * prom-client makes and hashes an object of labels for each of a call's seven numbers, which took 1.4 µs a call.
 */
export class CallFigures {
  readonly #series = new Map<string, Series>();

  count(call: FinishedCall): void {
    const series = this.#seriesOf(call.alias);
    add(series.calls, call.outcome, 1);
    series.duration.observe(call.totalMs / 1_000);
    if (call.firstTokenMs !== null) series.firstToken.observe(call.firstTokenMs / 1_000);
    for (const bucket in call.quantities) {
      const quantity = call.quantities[bucket];
      if (quantity !== undefined && quantity > 0n) add(series.tokens, bucket, Number(quantity));
    }
    if (call.charge > 0n) add(series.charge, call.currency, Number(call.charge) / 1e12);
  }

  text(): string {
    return [
      this.#counter('tandem_calls_total', 'Model calls that ended, by alias and outcome', 'outcome', (series) => series.calls),
      this.#counter('gen_ai_client_token_usage_total', 'Tokens metered, by bucket', 'gen_ai_token_type', (series) => series.tokens),
      this.#histogram('gen_ai_server_time_to_first_token_seconds', 'From admission to the first token', (series) => series.firstToken),
      this.#histogram('gen_ai_server_request_duration_seconds', 'From admission to the end of the reply', (series) => series.duration),
      this.#counter('tandem_charge_total', 'Charged, in whole currency units (rounded for display; the bill is exact)', 'currency', (series) => series.charge),
    ].join('\n');
  }

  #counter(name: string, help: string, label: string, read: (series: Series) => Totals): string {
    let text = head(name, help, 'counter');
    for (const [alias, series] of this.#series) {
      for (const [value, total] of Object.entries(read(series))) text += `${name}{gen_ai_request_model="${escape(alias)}",${label}="${escape(value)}"} ${total}\n`;
    }
    return text;
  }

  #histogram(name: string, help: string, read: (series: Series) => Durations): string {
    let text = head(name, help, 'histogram');
    for (const [alias, series] of this.#series) {
      const { counts, sum } = read(series);
      const model = `gen_ai_request_model="${escape(alias)}"`;
      let below = 0;
      counts.forEach((count, at) => {
        below += count;
        text += `${name}_bucket{le="${SECONDS[at] ?? '+Inf'}",${model}} ${below}\n`;
      });
      text += `${name}_sum{${model}} ${sum}\n${name}_count{${model}} ${below}\n`;
    }
    return text;
  }

  #seriesOf(alias: string): Series {
    const known = this.#series.get(alias);
    if (known) return known;
    if (this.#series.size >= MAX_ALIASES && alias !== 'other') return this.#seriesOf('other');
    const made = new Series();
    this.#series.set(alias, made);
    return made;
  }
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
