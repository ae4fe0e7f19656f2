/**
 * Spans of OpenTelemetry, by its API alone: an operator who wants them registers an SDK before the program starts
 * (`NODE_OPTIONS=--import`), and without one every call here returns at once. A face of its own, so that commands that
 * trace nothing do not load it. Spans carry names, counts and codes; never content, never a key.
 */
import { ProxyTracerProvider, ROOT_CONTEXT, SpanKind, SpanStatusCode, context, propagation, trace, type Attributes, type Span } from '@opentelemetry/api';

const NAME = 'tandem';

export type { Span };

/** Whether somebody listens. An SDK is registered before the program's own code runs, so it is looked for once. */
let listening: boolean | undefined;

/** Whether somebody listens: what costs something only to be traced is left out otherwise. */
export function tracing(): boolean {
  if (listening === undefined) {
    const provider = trace.getTracerProvider();
    listening = !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer(NAME) !== undefined;
  }
  return listening;
}

/** Looks for an SDK anew: for tests, which register one later. */
export function lookForTracing(): void {
  listening = undefined;
}

/**
 * Does the work inside a span of a server's side, which continues the trace that the caller's headers name (W3C
 * `traceparent`). The span ends with the work; what it throws is noted by its code.
 */
export function inRequestSpan<T>(name: string, headers: Readonly<Record<string, string | string[] | undefined>>, attributes: () => Attributes, work: (span: Span | null) => Promise<T>): Promise<T> {
  if (!tracing()) return work(null);
  const caller = propagation.extract(ROOT_CONTEXT, headers);
  return trace.getTracer(NAME).startActiveSpan(name, { kind: SpanKind.SERVER, attributes: attributes() }, caller, (span) => ending(span, () => work(span)));
}

/** Does the work inside a span of the one that runs now. */
export function inSpan<T>(name: string, attributes: () => Attributes, work: () => Promise<T>): Promise<T> {
  if (!tracing()) return work();
  return trace.getTracer(NAME).startActiveSpan(name, { attributes: attributes() }, (span) => ending(span, work));
}

/** Something that has been, under the span that runs now: it began and ended at these times (UTC milliseconds). */
export function noteSpan(name: string, startMs: number, endMs: number, attributes: () => Attributes, errorType: string | null): void {
  if (!tracing()) return;
  const span = trace.getTracer(NAME).startSpan(name, { kind: SpanKind.CLIENT, startTime: startMs, attributes: attributes() });
  if (errorType !== null) span.setAttribute('error.type', errorType).setStatus({ code: SpanStatusCode.ERROR });
  span.end(endMs);
}

const NO_HEADERS: readonly string[] = [];

/** The headers by which a backend continues the trace, as name, value, name, value …; none where nobody listens. */
export function traceHeaders(): readonly string[] {
  if (!tracing()) return NO_HEADERS;
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return Object.entries(headers).flat();
}

/** Marks a span as failed by an error's code: its message may repeat what a caller sent. */
export function failed(span: Span | null, code: string): void {
  span?.setAttribute('error.type', code).setStatus({ code: SpanStatusCode.ERROR });
}

async function ending<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    failed(span, (error as { code?: unknown } | null)?.code?.toString() ?? 'internal');
    throw error;
  } finally {
    span.end();
  }
}
