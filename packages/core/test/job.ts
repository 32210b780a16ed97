import { type Attributes, context, SpanKind } from '@opentelemetry/api'
import { Operation, Settings, type TracingOptions } from '@spanwright/core/plugin'
import { type OperationStart } from '../src/operation/operation.ts'

/** What hooks receive in these tests. */
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
