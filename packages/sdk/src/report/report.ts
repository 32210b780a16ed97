import { createRequire } from 'node:module'
import { sep } from 'node:path'

import { context, createContextKey, diag, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { entryPointCounts, refusedFields } from '@spanwright/core/plugin'

import { apiGlobals } from '../start/globals.ts'
import type { ExporterCount, SpanCounts } from '../record/pipeline.ts'

/** What is set up, what became of the spans, and what looks wrong. */
export interface TracingReport {
  /** `service.name` of this process. */
  readonly service: string
  readonly sampler: string
  /** Exporters, and where they send. */
  readonly exporters: readonly string[]
  /** Where metrics go; empty when there are none. */
  readonly metrics: readonly string[]
  /** Fields that the propagators write. */
  readonly propagates: readonly string[]
  /** Fields of propagators that the plugins left out, because no header can hold them or they are the application's. */
  readonly refusedFields: number
  /** What traces here: entry points that were called, such as `@spanwright/pg tracePool()`, and how often. */
  readonly entryPoints: Readonly<Record<string, number>>
  readonly counts: SpanCounts
  /** What makes spans cost more than they would in bytes alone, a sentence each; no problem by itself. */
  readonly slowedBy: readonly string[]
  /** What to look into, a sentence each; empty when all is well. */
  readonly problems: readonly string[]
}

/** What {@link diagnose} looks at besides the process itself. */
export interface Setup extends Omit<TracingReport, 'problems' | 'entryPoints' | 'refusedFields'> {
  /** Whether the API took the provider and the context manager that were made. */
  readonly isRegistered: boolean
  /** What is known to have failed besides exports of spans, a sentence each. */
  readonly failures?: readonly string[]
}

/** OpenTelemetry's own instrumentations of what the plugins trace. */
const SECOND = /[\\/]@opentelemetry[\\/]instrumentation-(express|koa|undici|pg|kafkajs)[\\/]/
const API = /^(.*[\\/]@opentelemetry[\\/]api)[\\/]build[\\/]/

/** Finds what commonly makes traces go missing, or come twice. */
export function diagnose({ isRegistered, failures = [], ...setup }: Setup): TracingReport {
  const entryPoints = Object.fromEntries(entryPointCounts())
  const refused = refusedFields()
  return {
    ...setup,
    refusedFields: refused,
    entryPoints,
    problems: [
      ...(isRegistered
        ? []
        : ['another SDK was registered before startTracing(); its provider is used instead of this one']),
      ...(isContextManaged() ? [] : ['no context manager is active: spans will not find their parents']),
      ...copiesOfApi(),
      ...secondInstrumentations(Object.keys(entryPoints)),
      ...setup.counts.exporters.flatMap(({ name, lastError }) =>
        lastError === undefined ? [] : [`${name} failed: ${lastError}`],
      ),
      ...failures,
      ...(refused > 0 ? [`propagators wrote ${refused} fields that cannot be sent; the others were`] : []),
    ],
  }
}

/** Says a report to `diag`, a line each. */
export function sayReport({
  service,
  sampler,
  exporters,
  metrics,
  propagates,
  problems,
}: TracingReport): void {
  diag.info(
    `spanwright: traces ${service}, sampled by ${sampler}, to ${exporters.join(' and ') || 'nobody'}, ` +
      `propagated in ${propagates.join(', ') || 'nothing'}; metrics to ${metrics.join(' and ') || 'nobody'}`,
  )
  for (const problem of problems) diag.warn(`spanwright: ${problem}`)
}

/** Says to `diag` what became of the spans, at the end. */
export function sayOutcome({ counts, entryPoints, problems }: TracingReport): void {
  const { started, ended, unsampled, sampledOut, exporters } = counts
  diag.info(
    `spanwright: ${started} spans started, ${ended} ended, ${unsampled} unsampled, ${sampledOut} sampled out` +
      `${exporters.map(outcomeOf).join('')}; traced by ${callsOf(entryPoints)}`,
  )
  for (const problem of problems) diag.warn(`spanwright: ${problem}`)
}

function outcomeOf({ name, exported, waiting, dropped }: ExporterCount): string {
  const lost = dropped.queueFull + dropped.failed + dropped.rejected + dropped.shutDown
  return `; ${name}: ${exported} exported, ${lost} dropped${waiting > 0 ? `, ${waiting} waiting` : ''}`
}

function callsOf(entryPoints: TracingReport['entryPoints']): string {
  const calls = Object.entries(entryPoints).map(([name, times]) => (times === 1 ? name : `${name} ×${times}`))
  return calls.join(', ') || 'no plugin'
}

function isContextManaged(): boolean {
  const key = createContextKey('spanwright report')
  return context.with(ROOT_CONTEXT.setValue(key, true), () => context.active().getValue(key) === true)
}

function copiesOfApi(): string[] {
  const folders = new Set(loadedFiles().flatMap(file => API.exec(file)?.[1] ?? []))
  if (folders.size < 2) return []
  const version = apiGlobals().version ?? 'unknown'
  return [
    `${folders.size} copies of @opentelemetry/api are loaded (in use: ${version}): ${[...folders].join(', ')}`,
  ]
}

/** A library that nothing of ours traces is traced once, whoever does it. */
function secondInstrumentations(entryPoints: readonly string[]): string[] {
  const names = new Set(loadedFiles().flatMap(file => SECOND.exec(file)?.[1] ?? []))
  return [...names].flatMap(name => {
    const ours = entryPoints.filter(entryPoint => entryPoint.startsWith(`@spanwright/${name} `))
    if (ours.length === 0) return []
    return `@opentelemetry/instrumentation-${name} is loaded beside ${ours.join(' and ')}: with both, ${name} is traced twice`
  })
}

/** Files of CommonJS modules; what was imported as ESM is not seen. */
function loadedFiles(): string[] {
  return Object.keys(createRequire(`${process.cwd()}${sep}`).cache ?? {})
}

/** True when the provider of the API is the one given. */
export function isGlobal(provider: unknown): boolean {
  const current = trace.getTracerProvider() as { getDelegate?: () => unknown }
  return (current.getDelegate?.() ?? current) === provider
}
