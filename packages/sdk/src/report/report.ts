import { diag, trace } from '@opentelemetry/api'
import { type Diagnosis, diagnose, type Stage } from '@spanwright/core'
import { showEntryPoints } from '@spanwright/core/plugin'

import type { ExporterCount, SpanCounts } from '../record/pipeline.ts'

/** The set-up, the outcome of the spans, and the problems found. */
export interface TracingReport extends Diagnosis {
  /** `service.name` of this process. */
  readonly service: string
  readonly sampler: string
  /** Exporters and their endpoints. */
  readonly exporters: readonly string[]
  /** Metric readers and their endpoints; empty when there are none. */
  readonly metrics: readonly string[]
  /** Fields that the propagators write. */
  readonly propagates: readonly string[]
  readonly counts: SpanCounts
  /** Reasons why spans cost more than with byte encoding only, one sentence each; not problems in themselves. */
  readonly slowedBy: readonly string[]
}

/** Input of {@link reportOn}, in addition to the process itself. */
export interface Setup extends Omit<TracingReport, keyof Diagnosis>, Stage {
  /** Whether the API accepted our provider. */
  readonly isRegistered: boolean
  /** Names of the scopes that have started spans. */
  readonly scopes: readonly string[]
  /** Known failures other than span exports, one sentence each. */
  readonly failures: readonly string[]
}

/** OpenTelemetry's instrumentations of the libraries that our plugins trace. */
const SECOND = /^@opentelemetry\/instrumentation-(express|koa|undici|pg|kafkajs|grpc)$/

/** With this many spans, sampling out all of them is no coincidence. */
const MANY = 100

/** Looks for common causes of missing or duplicate traces. */
export function reportOn({
  isRegistered,
  scopes,
  failures,
  isEnding,
  isShutDown = false,
  ...setup
}: Setup): TracingReport {
  const { entryPoints, refusedFields, problems } = diagnose({ isEnding: isEnding ?? false, isShutDown })
  return {
    ...setup,
    refusedFields,
    entryPoints,
    problems: [
      ...(isRegistered || isShutDown
        ? []
        : [
            'another SDK is registered; its provider is used instead of that of startTracing(): start only one of them',
          ]),
      ...problems,
      ...secondInstrumentations(scopes, Object.keys(entryPoints)),
      ...samplerProblems(setup),
      ...setup.counts.exporters.flatMap(exporterProblems),
      ...failures,
    ],
  }
}

function samplerProblems({
  sampler,
  counts: { started, unsampled },
}: Pick<Setup, 'sampler' | 'counts'>): string[] {
  const isOff = /^(?:parentBased\()?(?:alwaysOff|ratio\(0\))\)?$/.test(sampler)
  if (started === 0 || unsampled < started || (started < MANY && !isOff)) return []
  return [
    `not one of ${started} spans was sampled, by ${sampler}: look at the option sampler, at OTEL_TRACES_SAMPLER, and at what ` +
      'the callers of this service decide',
  ]
}

function exporterProblems(exporter: ExporterCount): string[] {
  return [...encodingProblems(exporter), ...sendingProblems(exporter)]
}

function encodingProblems({ name, dropped: { notEncoded } }: ExporterCount): string[] {
  if (notEncoded === 0) return []
  return [
    `${notEncoded} spans could not be encoded for ${name}: diag says why; often a name that is no string, or a link ` +
      'without a context',
  ]
}

function sendingProblems({ name, exported, lastError }: ExporterCount): string[] {
  if (lastError === undefined) return []
  if (exported > 0) return [`${name} failed: ${lastError}; ${exported} spans were exported all the same`]
  return [
    `${name} failed: ${lastError}; it has exported nothing so far: start a collector there, name another endpoint by ` +
      "OTEL_EXPORTER_OTLP_ENDPOINT, or use exporter: 'console'",
  ]
}

/** Writes a report to `diag`, line by line. */
export function sayReport({
  service,
  sampler,
  exporters,
  metrics,
  propagates,
  problems,
}: TracingReport): void {
  diag.info(
    `spanwright: traces ${service}, sampled by ${sampler}, to ${exporters.join(' and ') || 'no exporter'}, ` +
      `propagated in ${propagates.join(', ') || 'nothing'}; metrics to ${metrics.join(' and ') || 'no exporter'}`,
  )
  for (const problem of problems) diag.warn(`spanwright: ${problem}`)
}

/** Writes the outcome of the spans to `diag` at the end. */
export function sayOutcome({ counts, entryPoints, problems }: TracingReport): void {
  const { started, ended, unsampled, sampledOut, exporters } = counts
  diag.info(
    `spanwright: ${started} spans started, ${ended} ended, ${unsampled} unsampled, ${sampledOut} sampled out` +
      `${exporters.map(outcomeOf).join('')}; traced by ${showEntryPoints(entryPoints)}`,
  )
  for (const problem of problems) diag.warn(`spanwright: ${problem}`)
}

function outcomeOf({ name, exported, waiting, dropped }: ExporterCount): string {
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0)
  return `; ${name}: ${exported} exported, ${lost} dropped${waiting > 0 ? `, ${waiting} waiting` : ''}`
}

/** Reports only instrumentations that create spans, not ones that are installed or loaded but not enabled. */
function secondInstrumentations(scopes: readonly string[], entryPoints: readonly string[]): string[] {
  return scopes.flatMap(scope => {
    const name = SECOND.exec(scope)?.[1]
    const ours = entryPoints.filter(entryPoint => entryPoint.startsWith(`@spanwright/${name} `))
    if (ours.length === 0) return []
    return `${scope} makes spans beside ${ours.join(' and ')}: with both, ${name} is traced twice; switch one of them off`
  })
}

/** True when the provider of the API is the one given. */
export function isGlobal(provider: unknown): boolean {
  const current = trace.getTracerProvider() as { getDelegate?: () => unknown }
  return (current.getDelegate?.() ?? current) === provider
}
