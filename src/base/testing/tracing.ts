import { AsyncLocalStorage } from 'node:async_hooks';
import { ROOT_CONTEXT, TraceFlags, context, propagation, trace, type Context, type ContextManager, type TextMapPropagator } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { lookForTracing } from '../trace.ts';

/** The context that follows asynchronous work, as OpenTelemetry's own package for Node does it. */
class Contexts implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();

  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(inner: Context, work: F, self?: ThisParameterType<F>, ...args: A): ReturnType<F> {
    return this.#storage.run(inner, () => work.apply(self, args));
  }

  bind<T>(_inner: Context, target: T): T {
    return target;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    return this;
  }
}

/** A stand-in for the W3C propagator that SDKs bring: `traceparent` alone (https://www.w3.org/TR/trace-context/). */
const w3c: TextMapPropagator = {
  inject(inner, carrier, setter) {
    const span = trace.getSpanContext(inner);
    if (span) setter.set(carrier, 'traceparent', `00-${span.traceId}-${span.spanId}-0${span.traceFlags}`);
  },
  extract(inner, carrier, getter) {
    const [, traceId, spanId] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/.exec(String(getter.get(carrier, 'traceparent'))) ?? [];
    return traceId && spanId ? trace.setSpanContext(inner, { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true }) : inner;
  },
  fields: () => ['traceparent'],
};

/** Registers OpenTelemetry's SDK with spans kept in memory, as an operator's own file does before the program starts. */
export function registerTracing(): { readonly spans: InMemorySpanExporter; stop(): Promise<void> } {
  const spans = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new Contexts());
  propagation.setGlobalPropagator(w3c);
  lookForTracing();
  return {
    spans,
    async stop() {
      await provider.shutdown();
      trace.disable();
      context.disable();
      propagation.disable();
      lookForTracing();
    },
  };
}
