import type { LimitFigures } from '../ports.ts';
import type { ReplySink } from '../reply-sink.ts';
import { annotated, type Annotations } from './annotations.ts';

/** Passes a reply on as it is, with what hooks said of its request in a header. */
export class AnnotatingSink implements ReplySink {
  readonly #sink: ReplySink;
  readonly #annotations: Annotations;

  constructor(sink: ReplySink, annotations: Annotations) {
    this.#sink = sink;
    this.#annotations = annotations;
  }

  get started(): boolean {
    return this.#sink.started;
  }

  limits(figures: LimitFigures): void {
    this.#sink.limits?.(figures);
  }

  head(status: number, headers: Record<string, string>): void {
    this.#sink.head(status, annotated(headers, this.#annotations));
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
