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

const idle: Connection[] = [];
const waiting: number[] = [];
const latencies: number[] = [];
let errors = 0;
/** So long at most an answer waits to be seen. */
const NAP_MS = 0.05;
const never = new Int32Array(new SharedArrayBuffer(4));

class Connection {
  readonly #socket: Socket;
  #dueMs = 0;
  #left = -1;
  #head = '';
  #refused = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => (errors += 1));
  }

  send(dueMs: number): void {
    this.#dueMs = dueMs;
    this.#left = -1;
    this.#head = '';
    this.#refused = false;
    this.#socket.write(request);
  }

  #read(chunk: Buffer): void {
    if (this.#left < 0) {
      this.#head += chunk.toString('latin1');
      const end = this.#head.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = /content-length: (\d+)/i.exec(this.#head);
      if (!length || !this.#head.startsWith('HTTP/1.1 200')) {
        errors += 1;
        this.#refused = true;
        this.#left = 0;
      } else {
        this.#left = Number(length[1]) - (this.#head.length - end - 4);
      }
    } else {
      this.#left -= chunk.length;
    }
    if (this.#left > 0) return;
    // A refusal is quick and no answer.
    if (!this.#refused) latencies.push(performance.now() - this.#dueMs);
    const next = waiting.shift();
    if (next === undefined) idle.push(this);
    else this.send(next);
  }
}

await Promise.all(Array.from({ length: options.connections }, () => new Promise<void>((resolve) => {
  const socket = connect({ port: options.port, host: '127.0.0.1' }, () => {
    idle.push(new Connection(socket));
    resolve();
  });
})));

const total = Math.floor(options.rate * options.seconds);
const intervalMs = 1000 / options.rate;
const startMs = performance.now() + 50;
let sent = 0;

function tick(): void {
  const now = performance.now();
  while (sent < total && startMs + sent * intervalMs <= now) {
    const due = startMs + sent * intervalMs;
    sent += 1;
    const connection = idle.pop();
    if (connection) connection.send(due);
    else waiting.push(due);
  }
  const over = now - startMs > options.seconds * 1000 + 5_000;
  if ((sent === total && latencies.length + errors >= total) || over) {
    // The first tenth warms caches up and is left out.
    const kept = latencies.slice(Math.floor(latencies.length / 10));
    console.log(JSON.stringify({ sent, answered: latencies.length, errors, p50Ms: percentile(kept, 0.5), p99Ms: percentile(kept, 0.99), waitingAtEnd: waiting.length }));
    process.exit(0);
  }
  // Until the next is due the core is the backend's: a loop that spins takes turns of milliseconds from it. Sleeping here is
  // finer than a timer, which counts whole milliseconds and would send requests in bursts.
  const untilDueMs = sent < total ? startMs + sent * intervalMs - performance.now() : NAP_MS;
  if (untilDueMs > 0) Atomics.wait(never, 0, 0, Math.min(untilDueMs, NAP_MS));
  setImmediate(tick);
}
tick();
