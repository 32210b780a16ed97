import { type Attributes, context, type DiagLogger, diag, DiagLogLevel, SpanKind } from '@opentelemetry/api'
import { Operation, Settings, type TracingOptions } from '@spanwright/core/plugin'
import { type OperationStart } from '../src/operation/operation.ts'

/** What hooks are shown in these tests. */
export interface Job {
  readonly title: string
}

export const SWEEP: Job = { title: 'sweep' }

export function jobSettings(options: TracingOptions<Job> = {}): Settings<Job> {
  return new Settings<Job>({ scope: { name: 'jobs', version: '1.2.3' }, caller: 'startJob()' }, options)
}

/** Starts an operation of the kind a plugin starts. */
export function startJob(
  options: TracingOptions<Job> | Settings<Job> = {},
  start: Partial<OperationStart<Job>> = {},
): Operation<Job> {
  const settings = options instanceof Settings ? options : jobSettings(options)
  const attributes: Attributes = { 'job.size': 3 }
  return new Operation(settings, {
    kind: SpanKind.INTERNAL,
    name: 'job',
    attributes,
    parent: context.active(),
    record: SWEEP,
    ...start,
  })
}

/** What was reported to `diag` at level error, as message and cause. */
export function collectReports(): { readonly reports: unknown[][]; stop(): void } {
  const reports: unknown[][] = []
  const silent = (): void => {}
  const logger: DiagLogger = {
    error: (...args) => void reports.push(args),
    warn: silent,
    info: silent,
    debug: silent,
    verbose: silent,
  }
  diag.setLogger(logger, { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true })
  return { reports, stop: () => diag.disable() }
}
