import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'

import { failure, Operation, runToEnd, Settings, SUCCESS, type TracingOptions } from '@spanwright/core'

interface Job {
  readonly title: string
}

let recorder: SpanRecorder
beforeAll(() => {
  recorder = recordSpans({ global: true })
})
afterEach(() => recorder.reset())
afterAll(() => recorder.stop())

function startJob(options: TracingOptions<Job> = {}, record: Job = { title: 'sweep' }): Operation<Job> {
  const settings = new Settings<Job>(
    { scope: { name: 'jobs', version: '1.2.3' }, caller: 'startJob()' },
    options,
  )
  return new Operation(settings, {
    kind: SpanKind.INTERNAL,
    name: 'job',
    attributes: { 'job.size': 3 },
    parent: context.active(),
    record,
  })
}

describe('an operation', () => {
  it('makes one span with kind, name, start attributes and scope', () => {
    startJob().end(SUCCESS)

    const [span, ...others] = recorder.spans()
    expect(others).toEqual([])
    expect(span).toMatchObject({
      name: 'job',
      kind: SpanKind.INTERNAL,
      attributes: { 'job.size': 3 },
      status: { code: SpanStatusCode.UNSET },
      events: [],
      links: [],
      parentSpanContext: undefined,
      instrumentationScope: { name: 'jobs', version: '1.2.3' },
    })
    expect(recorder.open()).toEqual([])
  })
})
