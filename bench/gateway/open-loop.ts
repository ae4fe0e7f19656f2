/**
 * Open-loop load: requests leave at fixed times whatever became of the earlier ones, and latency counts from the time at which
 * a request should have left, so that a stalled gateway cannot hide its queue. Raw sockets and prepared bytes keep the generator cheap.
 * Run as a process of its own: arguments are one JSON object, the result is one JSON line.
 */
import { connect, type Socket } from 'node:net';
import { percentile } from '../support/stats.ts';

interface Options {
  readonly port: number;
  readonly rate: number;
  readonly seconds: number;
  readonly connections: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const options = JSON.parse(process.argv[2]!) as Options;
const head = Object.entries({ host: `127.0.0.1:${options.port}`, 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(options.body)), ...options.headers })
  .map(([name, value]) => `${name}: ${value}\r\n`).join('');
const request = Buffer.from(`POST /v1/chat/completions HTTP/1.1\r\n${head}\r\n${options.body}`);

/** What comes first is left out: until its code is compiled, the load itself pauses for milliseconds, and the gateway's as well. */
const WARM_SECONDS = 4;
const total = Math.floor(options.rate * (options.seconds + WARM_SECONDS));
const warm = Math.floor(options.rate * WARM_SECONDS);
const idle: Connection[] = [];
const waiting: number[] = [];
const latencies = new Float64Array(total);
/** How late the load came to each that was due: its own delay, which is in the latency. */
const lates = new Float64Array(total);
let answered = 0;
let errors = 0;
/** So long at most an answer waits to be seen. */
const NAP_MS = 0.05;
const never = new Int32Array(new SharedArrayBuffer(4));
/** A whole reply fits in: what is read is looked at in place, as a collection of garbage would stop the load for milliseconds. */
const REPLY_BYTES = 65_536;
const OK = Buffer.from('HTTP/1.1 200');
const END = Buffer.from('\r\n\r\n');

class Connection {
  readonly #buffer = Buffer.allocUnsafeSlow(REPLY_BYTES);
  readonly #socket: Socket;
  #filled = 0;
  #dueMs = 0;

  constructor(port: number, ready: () => void) {
    const read = Buffer.allocUnsafeSlow(REPLY_BYTES);
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer: read, callback: (bytes) => this.#read(read, bytes) } }, ready);
    this.#socket.on('error', () => (errors += 1));
  }

  send(dueMs: number): void {
    this.#dueMs = dueMs;
    this.#filled = 0;
    this.#socket.write(request);
  }

  #read(chunk: Uint8Array, bytes: number): boolean {
    this.#buffer.set(chunk.subarray(0, bytes), this.#filled);
    this.#filled += bytes;
    const end = this.#buffer.subarray(0, this.#filled).indexOf(END);
    if (end < 0) return true;
    const length = /content-length: (\d+)/i.exec(this.#buffer.toString('latin1', 0, end));
    const refused = length === null || this.#buffer.compare(OK, 0, OK.length, 0, OK.length) !== 0;
    if (!refused && this.#filled < end + END.length + Number(length[1])) return true;
    // A refusal is quick and no answer.
    if (refused) errors += 1;
    else latencies[answered++] = performance.now() - this.#dueMs;
    const next = waiting.shift();
    if (next === undefined) idle.push(this);
    else this.send(next);
    return true;
  }
}

await Promise.all(Array.from({ length: options.connections }, () => new Promise<void>((resolve) => {
  const connection: Connection = new Connection(options.port, () => {
    idle.push(connection);
    resolve();
  });
})));

const intervalMs = 1000 / options.rate;
const startMs = performance.now() + 50;
let sent = 0;

function tick(): void {
  const now = performance.now();
  while (sent < total && startMs + sent * intervalMs <= now) {
    const due = startMs + sent * intervalMs;
    lates[sent++] = now - due;
    const connection = idle.pop();
    if (connection) connection.send(due);
    else waiting.push(due);
  }
  const over = now - startMs > (options.seconds + WARM_SECONDS) * 1000 + 5_000;
  if ((sent === total && answered + errors >= total) || over) {
    const kept = [...latencies.subarray(Math.min(warm, answered), answered)];
    const late = [...lates.subarray(Math.min(warm, sent), sent)];
    console.log(JSON.stringify({ sent, answered, errors, p50Ms: percentile(kept, 0.5), p99Ms: percentile(kept, 0.99), lateP99Ms: percentile(late, 0.99), waitingAtEnd: waiting.length }));
    process.exit(0);
  }
  // Until the next is due the core is the backend's: a loop that spins takes turns of milliseconds from it. Sleeping here is
  // finer than a timer, which counts whole milliseconds and would send requests in bursts.
  const untilDueMs = sent < total ? startMs + sent * intervalMs - performance.now() : NAP_MS;
  if (untilDueMs > 0) Atomics.wait(never, 0, 0, Math.min(untilDueMs, NAP_MS));
  setImmediate(tick);
}
tick();
