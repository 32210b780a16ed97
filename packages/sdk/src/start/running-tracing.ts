import { diag, type TracerProvider } from '@opentelemetry/api'

import { ATTR_SERVICE_NAME } from '@spanwright/core/semconv'

import { within } from './deadline.ts'
import { atEnd } from './explanation.ts'
import type { NamedExporter } from '../export/exporters.ts'
import { shownUrl } from '../export/otlp/advice.ts'
import { register, registerMetrics } from './globals.ts'
import type { NamedReader } from '../metrics/export/readers.ts'
import { observeSpans } from '../metrics/providers.ts'
import type { SpanCounts } from '../record/pipeline.ts'
import { beforeProcessEnds } from './process-end.ts'
import { isGlobal, reportOn, sayOutcome, sayReport, type TracingReport } from '../report/report.ts'
import type { ProcessResource } from './resource/process-resource.ts'
import type { Tracing } from './tracing.ts'
import type { TracingParts } from './parts.ts'

/** How tracing runs and ends. */
export interface RunningOptions {
  /** Time limit of a flush, in milliseconds. */
  readonly flushTimeout: number
  /** Whether waiting data is sent when the process ends. */
  readonly flushOnExit: boolean
  /** Whether the report is written at the start, and the outcome at the end. */
  readonly isDebugging: boolean
  /** Called when it has ended and everything is withdrawn. */
  readonly ended: () => void
}

/** Tracing from its registration to its withdrawal. Its methods can be detached. */
export class RunningTracing implements Tracing {
  readonly tracerProvider: TracerProvider
  private readonly parts: TracingParts
  private readonly options: RunningOptions
  /** Functions that undo changes to the process. */
  private readonly withdrawals: readonly (() => void)[]
  private ending: Promise<void> | undefined
  private isShutDown = false
  /** Writes the outcome, if requested and not already written. */
  private readonly explain: () => void

  constructor(parts: TracingParts, options: RunningOptions) {
    this.parts = parts
    this.options = options
    const { provider, propagator, metrics } = parts
    this.tracerProvider = provider
    const unregister = register(provider, parts.contextManager, propagator)
    const withdrawMetrics = metrics ? registerMetrics(metrics.meters) : () => {}
    const release = options.flushOnExit ? this.watchProcess() : () => {}
    this.withdrawals = [release, unregister, withdrawMetrics, observeSpans(this.counts, metrics?.meters)]
    this.explain = atEnd(() => sayOutcome(this.reportAt(true)))
    if (options.isDebugging) sayReport(this.report())
  }

  readonly counts = (): SpanCounts => {
    const { pipeline, localTraces } = this.parts
    return { ...pipeline.counts(), ...(localTraces && { localTraces: localTraces.counts() }) }
  }

  readonly report = (): TracingReport => this.reportAt(false)

  private reportAt(isEnding: boolean): TracingReport {
    const { resource, sampler, exporters, readers, propagator, provider, slowedBy } = this.parts
    return reportOn({
      service: serviceOf(resource),
      sampler: sampler.toString(),
      exporters: exporters.map(addressOf),
      metrics: readers.map(addressOf),
      failures: readers.flatMap(reader => failureOf(reader)),
      propagates: propagator.fields(),
      counts: this.counts(),
      slowedBy,
      scopes: provider.usedScopes(),
      isRegistered: isGlobal(provider),
      isEnding,
      isShutDown: this.isShutDown,
    })
  }

  readonly forceFlush = (): Promise<void> => this.flush(false)

  readonly shutdown = (): Promise<void> => {
    this.ending ??= this.finish().finally(() => {
      this.explain()
      this.isShutDown = true
      for (const withdraw of this.withdrawals) withdraw()
      this.options.ended()
    })
    return this.ending
  };

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown()
  }

  private watchProcess(): () => void {
    const { pipeline, localTraces, metrics } = this.parts
    /** Number of spans started when metrics were last sent. */
    let measured = -1
    return beforeProcessEnds({
      isNeeded: () =>
        pipeline.waiting > 0 ||
        (localTraces?.counts().held ?? 0) > 0 ||
        (metrics !== undefined && pipeline.counts().started !== measured),
      flush: isLast => {
        localTraces?.settleAll()
        measured = pipeline.counts().started
        return this.flush(isLast)
      },
      finish: this.shutdown,
      leftBehind: () => pipeline.abandon('the process ended at once'),
    })
  }

  /** @param isLast whether the process may end, so that an unreachable endpoint is not retried */
  private async flush(isLast: boolean): Promise<void> {
    const { provider, pipeline, metrics } = this.parts
    const { flushTimeout } = this.options
    const endHurry = this.hurryMetrics()
    const spans = Promise.all([provider.forceFlush(), isLast && pipeline.forceFlush(true)])
    // Metrics that cannot be sent now are sent with the next ones, so the caller's flush does not fail.
    const measured = metrics?.forceFlush() ?? Promise.resolve()
    const [areSpansSent] = await Promise.all([
      within(flushTimeout, spans),
      within(flushTimeout, measured).catch((error: unknown) =>
        diag.warn('spanwright: flushing metrics failed', error),
      ),
    ])
    endHurry()
    if (!areSpansSent) throw new Error(`spans could not be flushed within ${flushTimeout} ms`)
  }

  private hurryMetrics(): () => void {
    const endings = this.parts.readers.map(({ delivery }) => delivery?.hurry())
    return () => {
      for (const endHurry of endings) endHurry?.()
    }
  }

  private async finish(): Promise<void> {
    const { provider, pipeline, metrics, readers } = this.parts
    const deadline = performance.now() + this.options.flushTimeout
    this.hurryMetrics()
    // A user's processor that fails or hangs must not delay our own.
    const ended = provider
      .shutdown()
      .catch((error: unknown) => diag.error('spanwright: shutdown failed', error))
    if (!(await isDone(Promise.all([ended, pipeline.shutdown()]), deadline))) {
      pipeline.abandon(`not sent within ${this.options.flushTimeout} ms`)
    }
    // Metrics include the number of spans sent, so they are sent last.
    if (metrics) await isDone(metrics.shutdown(), deadline)
    for (const { delivery } of readers) delivery?.giveUp()
  }
}

/** Waits for work until a time of `performance.now()`; false when it failed or was not done by then. */
async function isDone(work: Promise<unknown>, deadline: number): Promise<boolean> {
  try {
    return await within(Math.max(0, deadline - performance.now()), work)
  } catch (error) {
    diag.error('spanwright: shutdown failed', error)
    return false
  }
}

function serviceOf({ attributes }: ProcessResource): string {
  const name = attributes[ATTR_SERVICE_NAME]
  return typeof name === 'string' ? name : 'unknown_service'
}

function addressOf({ name, url }: Pick<NamedExporter, 'name' | 'url'>): string {
  return url === undefined ? name : `${name} ${shownUrl(url)}`
}

function failureOf(reader: NamedReader): string[] {
  const problem = reader.problem?.()
  return problem === undefined ? [] : [`metrics to ${addressOf(reader)} failed: ${problem}`]
}
