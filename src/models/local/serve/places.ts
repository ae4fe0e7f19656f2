/** Places to answer in, and those who wait for one: first come, first served. Counts what `/metrics` tells. */
export class Places {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #ended = 0;
  #firstTokens = 0;
  #firstTokenMs = 0;

  constructor(most: number) {
    this.#most = most;
  }

  async take(): Promise<void> {
    if (this.#running >= this.#most) await new Promise<void>((resolve) => { this.#waiting.push(resolve); });
    else this.#running += 1;
  }

  /** The place goes to who is next, who counts as running from then on. */
  give(): void {
    this.#ended += 1;
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }

  firstToken(afterMs: number): void {
    this.#firstTokens += 1;
    this.#firstTokenMs += afterMs;
  }

  /** In Prometheus's text form. */
  metrics(): string {
    return [
      ['tandem_requests_running', this.#running], ['tandem_requests_waiting', this.#waiting.length], ['tandem_requests_ended_total', this.#ended],
      ['tandem_first_token_seconds_sum', this.#firstTokenMs / 1_000], ['tandem_first_token_seconds_count', this.#firstTokens],
    ].map(([name, value]) => `${name} ${value}\n`).join('');
  }
}
