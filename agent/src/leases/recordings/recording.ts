import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { Outside } from '../../outside.ts';
import { writeWhole, type Home } from '../../state/home.ts';
import type { TerminalSize } from '../../wire/index.ts';

/** What is known of a recorded session beside what it showed. */
export interface RecordingFacts {
  readonly id: string;
  readonly lease: string;
  /** A terminal in the browser, a shell by SSH, a command such as scp, or a connection for ports alone. */
  readonly kind: 'terminal' | 'shell' | 'command' | 'connection';
  readonly person: string;
  readonly command: string | null;
  /** UTC milliseconds by the machine's clock. */
  readonly startedMs: number;
  /** Null: it goes on. */
  readonly endedMs: number | null;
  readonly exitCode: number | null;
  /** False: it was longer than is kept. */
  readonly whole: boolean;
  /** False: who has raw root on the machine can change it. */
  readonly tamperProof: boolean;
}

/** What is kept of one session. */
export const MOST_CAST_BYTES = 8 * 1024 * 1024;
/** Recordings of a lease that the server has not fetched; beyond them nobody is let in who is to be recorded. */
const MOST_WAITING = 500;
const CUT = '\r\n[ The recording ends here: it is longer than is kept. ]\r\n';

/** Outside the lease's folder, so that neither its sandbox nor its wipe reaches them. */
export function recordingsOf(home: Home, lease: string): string {
  return join(home.root, 'recordings', lease);
}

/** One session's recording: an asciicast of version 2 once something is shown, and what is known of it beside. For root alone. */
export class Recording {
  readonly #outside: Outside;
  readonly #folder: string;
  readonly #startedBootMs: number;
  readonly #decoder = new StringDecoder('utf8');
  #facts: RecordingFacts;
  #size: TerminalSize | undefined;
  #file: number | undefined;
  #bytes = 0;

  /** @throws Error where too many wait to be fetched. */
  constructor(home: Home, outside: Outside, of: Pick<RecordingFacts, 'lease' | 'kind' | 'person' | 'tamperProof'>) {
    this.#outside = outside;
    this.#folder = recordingsOf(home, of.lease);
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    if (readdirSync(this.#folder).filter((name) => name.endsWith('.json')).length >= MOST_WAITING) throw new Error('too many recordings wait to be fetched');
    this.#startedBootMs = outside.bootMs();
    this.#facts = { ...of, id: newId(outside.nowMs()), command: null, startedMs: outside.nowMs(), endedMs: null, exitCode: null, whole: true };
    this.#write();
  }

  get id(): string {
    return this.#facts.id;
  }

  is(facts: Partial<Pick<RecordingFacts, 'kind' | 'command' | 'exitCode'>>): void {
    this.#facts = { ...this.#facts, ...facts };
  }

  /** How large it is from now on. */
  sized(size: TerminalSize): void {
    this.#size = size;
    if (this.#file !== undefined) this.#event('r', `${size.columns}x${size.rows}`);
  }

  shown(bytes: Buffer): void {
    if (this.#file === undefined) this.#begin();
    const text = this.#decoder.write(bytes);
    if (text !== '') this.#event('o', text);
  }

  end(exitCode: number | null = this.#facts.exitCode): void {
    if (this.#facts.endedMs !== null) return;
    if (this.#file !== undefined) closeSync(this.#file);
    this.#facts = { ...this.#facts, exitCode, endedMs: this.#outside.nowMs() };
    this.#write();
  }

  #begin(): void {
    const { columns, rows } = this.#size ?? { columns: 80, rows: 24 };
    this.#file = openSync(join(this.#folder, `${this.id}.cast`), 'wx', 0o600);
    this.#line(JSON.stringify({ version: 2, width: columns, height: rows, timestamp: Math.floor(this.#facts.startedMs / 1_000) }));
  }

  #event(kind: 'o' | 'r', text: string): void {
    if (!this.#facts.whole || this.#facts.endedMs !== null) return;
    const seconds = ((this.#outside.bootMs() - this.#startedBootMs) / 1_000).toFixed(3);
    const line = JSON.stringify([Number(seconds), kind, text]);
    if (this.#bytes + Buffer.byteLength(line) > MOST_CAST_BYTES - 1_000) {
      this.#facts = { ...this.#facts, whole: false };
      this.#line(JSON.stringify([Number(seconds), 'o', CUT]));
    } else this.#line(line);
  }

  #line(line: string): void {
    this.#bytes += writeSync(this.#file!, `${line}\n`);
  }

  #write(): void {
    writeWhole(join(this.#folder, `${this.id}.json`), `${JSON.stringify(this.#facts)}\n`);
  }
}

/** A UUID of version 7, as the server's ids are. */
function newId(nowMs: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
