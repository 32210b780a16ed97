import { context, metrics, propagation, type TextMapPropagator, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, type ReadableSpan, type Sampler } from '@opentelemetry/sdk-trace-base'

import { SpanStore } from './store.ts'
import { type SpanNode, treesOf } from './tree.ts'

/** Options of {@link recordSpans}. */
export interface RecordSpansOptions {
  /**
   * True: the recorder becomes the global tracer provider, meter provider and propagator until it is stopped.
   * False: it records only what is given its providers. Default: false.
   */
  readonly global?: boolean
  /** Which spans are sampled. Default: all. */
  readonly sampler?: Sampler
}

/** Records the spans and metrics of a test. */
export interface SpanRecorder extends Disposable {
  readonly tracerProvider: BasicTracerProvider
  readonly meterProvider: MeterProvider
  readonly propagator: TextMapPropagator
  /** Finished spans, in the order they ended. */
  spans(): ReadableSpan[]
  /** Spans that were started and have not ended. */
  open(): ReadableSpan[]
  /** Finished spans as trees, in the order they started. */
  tree(): SpanNode[]
  /** Metrics as they stand now. */
  metrics(): Promise<MetricData[]>
  /** Forgets what was recorded so far. */
  reset(): void
  /** Takes back what was made global and lets go of everything. */
  stop(): Promise<void>
}

/**
 * Starts to record spans and metrics in memory.
 *
 * A context manager is registered if there is none, because a span can only be active where there is one.
 * @throws Error when `global` is set and another provider is registered already
 */
export function recordSpans(options: RecordSpansOptions = {}): SpanRecorder {
  const store = new SpanStore()
  const tracerProvider = new BasicTracerProvider({
    spanProcessors: [store],
    ...(options.sampler && { sampler: options.sampler }),
  })
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 })
  const meterProvider = new MeterProvider({ readers: [reader] })
  const propagator = new CompositePropagator({
    propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
  })
  const contextManager = new AsyncLocalStorageContextManager()
  const ownsContext = context.setGlobalContextManager(contextManager.enable())
  if (options.global) registerGlobally(tracerProvider, meterProvider, propagator)

  async function stop(): Promise<void> {
    if (options.global) unregisterGlobally()
    if (ownsContext) context.disable()
    await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()])
  }

  return {
    tracerProvider,
    meterProvider,
    propagator,
    spans: () => [...store.finished],
    open: () => [...store.started],
    tree: () => treesOf(store.finished),
    async metrics() {
      exporter.reset()
      await meterProvider.forceFlush()
      return exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(scope => scope.metrics))
    },
    reset: () => store.reset(),
    stop,
    [Symbol.dispose]: () => void stop(),
  }
}

function registerGlobally(
  tracers: BasicTracerProvider,
  meters: MeterProvider,
  propagator: TextMapPropagator,
): void {
  const registered =
    trace.setGlobalTracerProvider(tracers) &&
    metrics.setGlobalMeterProvider(meters) &&
    propagation.setGlobalPropagator(propagator)
  if (!registered) {
    throw new Error('recordSpans({ global: true }): a global provider is registered already; stop it first')
  }
}

function unregisterGlobally(): void {
  trace.disable()
  metrics.disable()
  propagation.disable()
}
