import type { ContextManager, TextMapPropagator } from '@opentelemetry/api'

import { millisecondsOf } from './duration.ts'
import { StorageContextManager } from '../context/manager.ts'
import type { Environment } from './environment.ts'
import { makeExporters, type NamedExporter } from '../export/exporters.ts'
import { KeepPolicy } from '../record/tail/keep.ts'
import { MAX_QUEUE_BYTES, queueLimitsOf, samplerIn, spanLimitsOf } from '../record/limits.ts'
import { LocalTraces } from '../record/tail/local-traces.ts'
import { makeMetrics, type MetricParts } from '../metrics/providers.ts'
import { makeReaders, type NamedReader } from '../metrics/export/readers.ts'
import type { StartTracingOptions } from './options.ts'
import { Pipeline } from '../record/pipeline.ts'
import { makePropagator } from '../propagation/propagators.ts'
import { RecordingTracerProvider } from '../record/provider.ts'
import type { Sampler } from '../record/types.ts'
import { Redactor } from '../record/redaction.ts'
import { slowPath } from '../report/slow-path.ts'
import type { ProcessResource } from './resource/process-resource.ts'
import { makeResource } from './resource/resource.ts'
import { lateRulesOf } from '../sampling/rules.ts'
import { withRemoteParents } from '../sampling/samplers.ts'
import { ByteStore } from '../record/otlp/byte-store.ts'
import { ObjectStore } from '../export/object-store.ts'
import { SpanQueue } from '../export/span-queue.ts'

/** The parts of tracing, not yet registered. */
export interface TracingParts {
  readonly resource: ProcessResource
  readonly exporters: readonly NamedExporter[]
  readonly readers: readonly NamedReader[]
  readonly sampler: Sampler
  readonly pipeline: Pipeline
  /** Holds the spans of local traces for tail decisions; undefined without these. */
  readonly localTraces: LocalTraces | undefined
  readonly provider: RecordingTracerProvider
  /** Absent when metrics are off. */
  readonly metrics: MetricParts | undefined
  readonly propagator: TextMapPropagator
  readonly contextManager: ContextManager
  /** Reasons why spans cost more than with byte encoding only. */
  readonly slowedBy: readonly string[]
}

/**
 * Creates the parts, each from its options and variables.
 * @throws TypeError when an option is invalid
 */
export function makeParts(options: StartTracingOptions, environment: Environment): TracingParts {
  const redactor = options.redact && new Redactor(options.redact)
  const found = makeResource(options, environment)
  const resource = redactor?.redactResource(found) ?? found
  const exporters = makeExporters(options.exporter, environment)
  const readers = makeReaders(options.metrics, environment)
  const pipeline = new Pipeline(makeQueues(exporters, resource, redactor, options, environment), redactor)
  const sampler = withRemoteParents(options.sampler ?? samplerIn(environment), options.remoteParents)
  const localTraces = makeLocalTraces(options, sampler, pipeline)
  const provider = new RecordingTracerProvider({
    resource,
    sampler,
    limits: spanLimitsOf(options.spanLimits, environment),
    idGenerator: options.idGenerator,
    processors: [
      ...(options.spanProcessors ?? []),
      ...exporters.flatMap(({ watcher }) => (watcher ? [watcher] : [])),
    ],
    baggageAttributes: options.baggageAttributes ?? [],
    sink: localTraces ?? pipeline,
  })
  const propagator = makePropagator(options.propagators, environment, options.idGenerator === undefined)
  const metrics = makeMetrics(readers, options.views ?? [], resource, redactor)
  return {
    resource,
    exporters,
    readers,
    sampler,
    pipeline,
    localTraces,
    provider,
    metrics,
    propagator,
    contextManager: options.contextManager ?? new StorageContextManager(),
    slowedBy: slowPath(exporters, options.spanProcessors ?? [], sampler, metrics?.keepsSeries ?? true),
  }
}

/** Spans are held only for tail decisions. */
function makeLocalTraces(
  options: StartTracingOptions,
  sampler: Sampler,
  pipeline: Pipeline,
): LocalTraces | undefined {
  const { keep } = options
  const rules = lateRulesOf(sampler)
  if (!keep && !rules) return undefined
  return new LocalTraces(pipeline, rules, keep && new KeepPolicy(keep), {
    maxSpans: keep?.maxSpans ?? 10_000,
    maxBytes: options.batch?.maxQueueBytes ?? MAX_QUEUE_BYTES,
    maxAge: millisecondsOf(keep?.maxAge ?? 60_000),
  })
}

function makeQueues(
  exporters: readonly NamedExporter[],
  resource: ProcessResource,
  redactor: Redactor | undefined,
  { batch }: StartTracingOptions,
  environment: Environment,
): SpanQueue[] {
  const limits = queueLimitsOf(batch, environment)
  // Failing detectors report that themselves, and omit what they did not find.
  const ready = resource.asyncAttributesPending ? resource.waitForAsyncAttributes() : undefined
  return exporters.map(exporter => {
    const { name } = exporter
    return exporter.takes === 'bytes'
      ? new SpanQueue(name, new ByteStore(limits, resource, redactor), exporter.sender, limits, ready)
      : new SpanQueue(name, new ObjectStore(limits), exporter.sender, limits, ready)
  })
}
