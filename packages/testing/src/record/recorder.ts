import {
  type Attributes,
  context,
  metrics,
  propagation,
  type TextMapPropagator,
  trace,
} from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources'
import { type MetricData, MeterProvider } from '@opentelemetry/sdk-metrics'
import { TracerProvider, type ReadableSpan, type Sampler } from '@opentelemetry/sdk-trace'

import { collectors } from './watch.ts'
import { MetricStore } from './metric-store.ts'
import { indentLines, lineOf, printTrees } from '../print/printer.ts'
import { type SpanQuery, spanMatches } from '../match/query.ts'
import { SpanStore } from './store.ts'
import { shareFailures, withShareFile } from '../share/share-file.ts'
import { WatchedPropagator } from './watched-propagator.ts'
import { type SpanNode, treesOf } from '../print/tree.ts'
import { showValue } from '../match/value.ts'

/** Options of {@link recordSpans}. */
export interface RecordSpansOptions {
  /**
   * True: registers the recorder as the global tracer provider, meter provider and propagator until it is stopped.
   * False: it records only spans and metrics made with its own providers. Default: false.
   */
  readonly global?: boolean
  /** Which spans are sampled. Default: all. */
  readonly sampler?: Sampler
  /** Attributes of the resource, such as `service.name`. Default: those of OpenTelemetry's SDK. */
  readonly resource?: Attributes
  /**
   * Folder for share files of `@spanwright/viewer`: every check of the recorder that fails writes what was recorded there,
   * and its message ends with the path. Default: none are written.
   */
  readonly shareFailures?: string
}

/** Options of {@link SpanRecorder.waitFor}. */
export interface WaitOptions {
  /** Longest wait, in milliseconds. Default: 1000. */
  readonly timeout?: number
}

/** Records the spans and metrics of a test. */
export interface SpanRecorder extends Disposable, AsyncDisposable {
  readonly tracerProvider: TracerProvider
  readonly meterProvider: MeterProvider
  readonly propagator: TextMapPropagator
  /** Finished spans, in the order they ended. */
  spans(): ReadableSpan[]
  /** Spans that were started and have not ended. */
  open(): ReadableSpan[]
  /** The first finished span that matches; undefined when there is none. */
  find(query: SpanQuery): ReadableSpan | undefined
  /** Finished spans of one trace. */
  trace(traceId: string): ReadableSpan[]
  /** Finished spans as trees, in the order they started. */
  tree(): SpanNode[]
  /**
   * Waits for a matching span, which may end after the last thing the test can await, such as a response.
   * @throws Error on timeout, listing the recorded spans
   */
  waitFor(query: SpanQuery, options?: WaitOptions): Promise<ReadableSpan>
  /** The current metrics. */
  metrics(): Promise<MetricData[]>
  /** Discards the spans immediately, and the metrics by the time the promise settles. */
  reset(): Promise<void>
  /** Restores the globals and releases all recorded data. */
  stop(): Promise<void>
}

/**
 * Starts recording spans and metrics in memory.
 *
 * A context manager is registered if there is none, because a span cannot be active without one.
 * @throws Error when `global` is set and another provider is already registered
 * @throws TypeError when `shareFailures` is not a path, or `@spanwright/viewer` is not installed
 */
export function recordSpans(options: RecordSpansOptions = {}): SpanRecorder {
  const { global = false, sampler, resource = {}, shareFailures: folder } = options
  const store = new SpanStore()
  const metricStore = new MetricStore()
  const identity = { resource: defaultResource().merge(resourceFromAttributes(resource)) }
  const tracerProvider = new TracerProvider({
    spanProcessors: [store],
    ...identity,
    ...(sampler && { sampler }),
  })
  const meterProvider = new MeterProvider({ readers: [metricStore], ...identity })
  const propagator = new WatchedPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  )
  if (global) registerGlobally(tracerProvider, meterProvider, propagator)
  const ownsContext = context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())

  const collect = (): Promise<unknown> => metricStore.read()
  collectors.add(collect)

  async function stop(): Promise<void> {
    collectors.delete(collect)
    if (global) unregisterGlobally()
    if (ownsContext) context.disable()
    // Metrics not read yet are published before they are discarded.
    await metricStore.read()
    await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()])
  }

  const recorder: SpanRecorder = {
    tracerProvider,
    meterProvider,
    propagator,
    spans: () => [...store.finished],
    open: () => [...store.started],
    find: query => store.finished.find(span => spanMatches(span, query)),
    trace: traceId => store.finished.filter(span => span.spanContext().traceId === traceId),
    tree: () => treesOf(store.finished),
    waitFor: (query, wait = {}) =>
      waitFor(store, query, wait.timeout ?? 1000).catch((error: Error) => {
        error.message = withShareFile(recorder, error.message)
        throw error
      }),
    metrics: () => metricStore.read(),
    reset() {
      store.reset()
      return metricStore.reset()
    },
    stop,
    [Symbol.dispose]: () => void stop(),
    [Symbol.asyncDispose]: stop,
  }
  if (folder !== undefined) shareFailures(recorder, folder)
  return recorder
}

function waitFor(store: SpanStore, query: SpanQuery, timeout: number): Promise<ReadableSpan> {
  return new Promise((resolve, reject) => {
    const look = (): boolean => {
      const found = store.finished.find(span => spanMatches(span, query))
      if (found) resolve(found)
      return found !== undefined
    }
    if (look()) return
    const stopListening = store.listen(() => look() && end())
    const timer = setTimeout(() => {
      end()
      reject(new Error(`no span like ${showValue(query)} ended within ${timeout} ms; ${describe(store)}`))
    }, timeout)
    function end(): void {
      clearTimeout(timer)
      stopListening()
    }
  })
}

function describe({ finished, started }: SpanStore): string {
  const open = [...started].map(lineOf).join('\n')
  const sections = [
    finished.length > 0 ? `finished:\n${indentLines(printTrees(treesOf(finished)))}` : 'no span has finished',
    open ? `open:\n${indentLines(open)}` : 'none is open',
  ]
  return sections.join('\n')
}

function registerGlobally(
  tracers: TracerProvider,
  meters: MeterProvider,
  propagator: TextMapPropagator,
): void {
  const registered = [
    () => trace.setGlobalTracerProvider(tracers) && trace,
    () => metrics.setGlobalMeterProvider(meters) && metrics,
    () => propagation.setGlobalPropagator(propagator) && propagation,
  ].map(register => register())
  if (registered.every(Boolean)) return
  for (const api of registered) if (api) api.disable()
  throw new Error('recordSpans({ global: true }): a global provider is registered already; stop it first')
}

function unregisterGlobally(): void {
  trace.disable()
  metrics.disable()
  propagation.disable()
}
