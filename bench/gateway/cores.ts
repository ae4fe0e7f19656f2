/** Which cores of the machine each part of the benchmark has; a list as `taskset` takes it, `0` or `0,4`. */
export interface Cores {
  /** The gateway that is measured, alone. */
  readonly gateway: string;
  readonly load: string;
  readonly backend: string;
  /** Poster and Postgres, and the gateways that are not measured just then. */
  readonly ledger: string;
}

/** Two cores are enough: what is not the gateway then shares the second. */
const TWO = '0 1 1 1';

/**
 * Reads `--cores`: one list for each part, with blanks between. Parts that are left out have the last one's. Exits with the next step where there is
 * no second part, or a list is none.
 */
export function coresOf(text: string): Cores {
  const lists = (text || TWO).split(' ').filter(Boolean);
  const [gateway, load, backend = load, ledger = backend] = lists;
  if (lists.length > 4 || lists.some((list) => !/^\d+(,\d+)*$/.test(list)) || !gateway || !load || !backend || !ledger) {
    console.error(`--cores '${text}' does not name cores for gateway, load, backend and ledger.\n  Next: --cores '0 1' or --cores '0 1 2 3'.`);
    process.exit(1);
  }
  return { gateway, load, backend, ledger };
}

/** In words, for the head of a report. */
export function coresLine({ gateway, load, backend, ledger }: Cores): string {
  const one = (list: string) => `core${list.includes(',') ? 's' : ''} ${list}`;
  const rest = load === backend && backend === ledger ? `load, backend, poster and Postgres share ${one(load)}` : `load on ${one(load)}, backend on ${one(backend)}, poster and Postgres on ${one(ledger)}`;
  return `gateway alone on ${one(gateway)}; ${rest}`;
}
