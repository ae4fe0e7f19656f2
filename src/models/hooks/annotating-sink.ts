import type { LimitFigures } from '../ports.ts';
import type { ReplySink } from '../reply-sink.ts';
import type { Annotations } from './hook-answer.ts';

/** What fits into one header beside the others of a reply. */
const MOST_CHARACTERS = 2_048;

/** Passes a reply on as it is, with what hooks said of its request in the header `x-tandem-annotations`: JSON in visible ASCII. */
export class AnnotatingSink implements ReplySink {
  readonly #sink: ReplySink;
  readonly #header: string;

  constructor(sink: ReplySink, annotations: Annotations) {
    this.#sink = sink;
    const text = JSON.stringify(annotations);
    this.#header = text.length <= MOST_CHARACTERS ? text : '{"annotations":"too_long"}';
  }

  get started(): boolean {
    return this.#sink.started;
  }

  limits(figures: LimitFigures): void {
    this.#sink.limits?.(figures);
  }

  head(status: number, headers: Record<string, string>): void {
    this.#sink.head(status, { ...headers, 'x-tandem-annotations': this.#header });
  }

  write(chunk: string | Buffer): boolean {
    return this.#sink.write(chunk);
  }

  drained(): Promise<void> {
    return this.#sink.drained();
  }

  end(chunk?: string | Buffer, whole?: boolean): void {
    this.#sink.end(chunk, whole);
  }
}
