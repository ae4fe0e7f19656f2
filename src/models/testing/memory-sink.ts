import type { ReplySink } from '../reply-sink.ts';

/** Keeps what a client would have read. It can be made slow, and it tells what came and when it ended. */
export class MemorySink implements ReplySink {
  status = 0;
  headers: Record<string, string> = {};
  readonly writes: string[] = [];
  ended = false;
  /** While true, writes are taken but the writer is asked to wait. */
  slow = false;
  /** Called after each write and at the end. */
  onWrite: (text: string) => void = () => {};
  #drained: (() => void)[] = [];

  get started(): boolean {
    return this.status !== 0;
  }

  head(status: number, headers: Record<string, string>): void {
    if (this.started) throw new Error('the head was sent before');
    this.status = status;
    this.headers = headers;
  }

  write(chunk: string | Buffer): boolean {
    if (!this.started || this.ended) throw new Error('a write out of turn');
    this.writes.push(chunk.toString());
    this.onWrite(chunk.toString());
    return !this.slow;
  }

  drained(): Promise<void> {
    return new Promise((resolve) => { this.#drained.push(resolve); });
  }

  drain(): void {
    this.slow = false;
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  end(chunk?: string | Buffer): void {
    if (chunk !== undefined) this.write(chunk);
    if (this.ended) throw new Error('it ended before');
    this.ended = true;
  }

  get text(): string {
    return this.writes.join('');
  }

  get json(): Record<string, unknown> {
    return JSON.parse(this.text) as Record<string, unknown>;
  }

  /** The data of every event, `[DONE]` included. */
  get frames(): string[] {
    return this.text.split('\n\n').filter((event) => event !== '').map((event) => event.replace(/^data: /, ''));
  }
}
