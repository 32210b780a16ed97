import { diag } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { type Sampler, TracerProvider } from '@opentelemetry/sdk-trace'

import { ATTR_SERVICE_NAME, redactUrl, sensitiveQueryKeys } from '@spanwright/core'

import { startDisabled } from './disabled.ts'
import { within } from './deadline.ts'
import { millisecondsOf } from './duration.ts'
import { Environment } from './environment.ts'
import { makeExporters, type NamedExporter } from './exporters.ts'
import { isDebugged, register, registerMetrics, showWarnings } from './globals.ts'
import { KeepPolicy } from './keep.ts'
import { queueLimitsOf, samplerIn, spanLimitsOf } from './limits.ts'
import { LocalTraces } from './local-traces.ts'
import { makeReaders, type NamedReader } from './metric-readers.ts'
import { observeSpans } from './metrics.ts'
import { checkStartOptions, type StartTracingOptions } from './options.ts'
import { Pipeline, type SpanCounts } from './pipeline.ts'
import { beforeProcessEnds } from './process-end.ts'
import { makePropagator } from './propagators.ts'
import { Redactor } from './redaction.ts'
import { diagnose, isGlobal, sayOutcome, sayReport, type TracingReport } from './report.ts'
import { makeResource } from './resource.ts'
import { lateRulesOf } from './rules.ts'
import { SpanQueue } from './span-queue.ts'
import type { Tracing } from './tracing.ts'

/** Batches for a person to read are not worth waiting for. */
const CONSOLE_DELAY = 50

let running: Tracing | undefined

/**
 * Sets up tracing for the process: resource, exporters, sampler, propagators, context manager, and the
 * flush at its end. Options win over `OTEL_*` variables, which win over defaults.
 * @returns to flush, look at and end it; what runs already when it was started before
 * @throws TypeError when an option is unknown or of the wrong type
 */
export function startTracing(options: StartTracingOptions = {}): Tracing {
  checkStartOptions(options)
  const environment = new Environment(process.env)
  showWarnings(environment)
  if (running) {
    diag.warn('spanwright: startTracing() was called again; what runs already goes on')
    return running
  }
  running = environment.isTrue('OTEL_SDK_DISABLED')
    ? startDisabled(options, environment, () => {
        running = undefined
      })
    : start(options, environment)
  return running
}

function start(options: StartTracingOptions, environment: Environment): Tracing {
  const redactor = options.redact && new Redactor(options.redact)
  const exporters = makeExporters(options.exporter, environment)
  const readers = makeReaders(options.metrics, environment)
  const pipeline = new Pipeline(makeQueues(exporters, options, environment), redactor)
  const sampler = options.sampler ?? samplerIn(environment)
  const localTraces = makeLocalTraces(options, sampler, pipeline)
  const resource = makeResource(options, environment)
  const provider = new TracerProvider({
    resource,
    sampler: pipeline.counting(sampler),
    spanLimits: spanLimitsOf(options.spanLimits, environment),
    spanProcessors: [...(options.spanProcessors ?? []), localTraces ?? pipeline],
    ...(options.idGenerator && { idGenerator: options.idGenerator }),
  })
  const propagator = makePropagator(options.propagators, environment, options.idGenerator === undefined)
  const unregister = register(provider, new AsyncLocalStorageContextManager(), propagator)
  const meterProvider =
    readers.length > 0
      ? new MeterProvider({ resource, readers: readers.map(({ reader }) => reader) })
      : undefined
  const withdrawMetrics = meterProvider ? registerMetrics(meterProvider) : () => {}
  const flushTimeout = millisecondsOf(options.flushTimeout ?? 5000)

  async function forceFlush(): Promise<void> {
    // Metrics that cannot be sent now are sent with the next ones; whoever flushes is not to fail for it.
    const metricsSent = meterProvider
      ?.forceFlush()
      .catch((error: unknown) => diag.warn('spanwright: flushing metrics failed', error))
    if (await within(flushTimeout, Promise.all([provider.forceFlush(), metricsSent]))) return
    throw new Error(`spans could not be flushed within ${flushTimeout} ms`)
  }

  async function finish(): Promise<void> {
    const deadline = performance.now() + flushTimeout
    const isDone = async (work: Promise<unknown> | undefined): Promise<boolean> => {
      try {
        return await within(Math.max(0, deadline - performance.now()), work ?? Promise.resolve())
      } catch (error) {
        diag.error('spanwright: shutdown failed', error)
        return false
      }
    }
    // Whatever a processor of somebody else does, ours has its time.
    const ended = provider
      .shutdown()
      .catch((error: unknown) => diag.error('spanwright: shutdown failed', error))
    if (!(await isDone(Promise.all([ended, pipeline.shutdown()])))) pipeline.abandon()
    // Metrics say how many spans were sent, so they go last.
    await isDone(meterProvider?.shutdown())
  }

  let ended: Promise<void> | undefined
  function shutdown(): Promise<void> {
    ended ??= finish().finally(() => {
      if (isDebugging) sayOutcome(report())
      release()
      unregister()
      withdrawMetrics()
      stopObserving()
      running = undefined
    })
    return ended
  }

  const release =
    options.flushOnExit === false
      ? () => {}
      : beforeProcessEnds({
          isNeeded: () => pipeline.waiting > 0 || (localTraces?.counts().held ?? 0) > 0,
          flush: () => {
            localTraces?.settleAll()
            return forceFlush()
          },
          finish: shutdown,
          leftBehind: () => pipeline.abandon(),
        })

  const counts = (): SpanCounts => ({
    ...pipeline.counts(),
    ...(localTraces && { localTraces: localTraces.counts() }),
  })
  const stopObserving = observeSpans(counts, meterProvider)
  const report = (): TracingReport =>
    diagnose({
      service: String(resource.attributes[ATTR_SERVICE_NAME]),
      sampler: sampler.toString(),
      exporters: exporters.map(addressOf),
      metrics: readers.map(addressOf),
      failures: readers.flatMap(reader => failureOf(reader)),
      propagates: propagator.fields(),
      counts: counts(),
      isRegistered: isGlobal(provider),
    })
  const isDebugging = isDebugged(environment)
  if (isDebugging) sayReport(report())

  return {
    tracerProvider: provider,
    counts,
    report,
    forceFlush,
    shutdown,
    [Symbol.asyncDispose]: shutdown,
  }
}

function addressOf({ name, url }: Pick<NamedExporter, 'name' | 'url'>): string {
  return url === undefined ? name : `${name} ${redactUrl(url, sensitiveQueryKeys())}`
}

function failureOf(reader: NamedReader): string[] {
  const problem = reader.problem?.()
  return problem === undefined ? [] : [`metrics to ${addressOf(reader)} failed: ${problem}`]
}

/** Spans are held only where something is decided at the end of a trace. */
function makeLocalTraces(
  { keep }: StartTracingOptions,
  sampler: Sampler,
  pipeline: Pipeline,
): LocalTraces | undefined {
  const rules = lateRulesOf(sampler)
  if (!keep && !rules) return undefined
  return new LocalTraces(pipeline, rules, keep && new KeepPolicy(keep), {
    maxSpans: keep?.maxSpans ?? 10_000,
    maxAge: millisecondsOf(keep?.maxAge ?? 60_000),
  })
}

function makeQueues(
  exporters: readonly NamedExporter[],
  { batch }: StartTracingOptions,
  environment: Environment,
): SpanQueue[] {
  const limits = queueLimitsOf(batch, environment)
  return exporters.map(({ name, exporter }) => {
    const delay = name === 'console' ? Math.min(CONSOLE_DELAY, limits.delay) : limits.delay
    return new SpanQueue(name, exporter, { ...limits, delay })
  })
}
