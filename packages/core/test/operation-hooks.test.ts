import { setImmediate } from 'node:timers/promises'

import { type Attributes, ROOT_CONTEXT } from '@opentelemetry/api'
import { SamplingDecision, type Sampler } from '@opentelemetry/sdk-trace-base'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { collectDiag, type CollectedDiag } from '@spanwright/test-kit'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'

import type { Outcome } from '@spanwright/core'
import { decide, failure, SUCCESS } from '@spanwright/core/plugin'

import { type Job, jobSettings, startJob, SWEEP } from './job.ts'

let recorder: SpanRecorder
let seenBySampler: Attributes[]
let diagnostics: CollectedDiag

beforeEach(() => {
  seenBySampler = []
  const sampler: Sampler = {
    shouldSample(_context, _traceId, _name, _kind, attributes) {
      seenBySampler.push({ ...attributes })
      return { decision: SamplingDecision.RECORD_AND_SAMPLED }
    },
  }
  recorder = recordSpans({ sampler })
  diagnostics = collectDiag('error')
})
afterEach(async () => {
  diagnostics.stop()
  await recorder.stop()
})

describe('hooks of an operation', () => {
  it('add attributes before the sampler decides', () => {
    const { tracerProvider } = recorder
    startJob({ tracerProvider, attributes: job => ({ 'job.title': job.title }) }).end(SUCCESS)

    expect(seenBySampler).toEqual([{ 'job.size': 3, 'job.title': 'sweep' }])
    expect(recorder.spans()).toMatchObject([{ attributes: { 'job.size': 3, 'job.title': 'sweep' } }])
  })

  it('see the span after its start and before its end, with the operation and its outcome', () => {
    const seen: [string, Job, Outcome?][] = []
    const error = new Error('dust')
    const operation = startJob({
      tracerProvider: recorder.tracerProvider,
      onStart(span, job) {
        span.setAttribute('hook.start', true)
        seen.push(['start', job])
      },
      onEnd(span, job, outcome) {
        span.setAttribute('hook.end', true)
        seen.push(['end', job, outcome])
      },
    })
    operation.end({ ...failure(error), statusCode: 500, result: 'heap' })

    const durationMs: unknown = expect.any(Number)
    expect(seen).toEqual([
      ['start', SWEEP],
      ['end', SWEEP, { error, statusCode: 500, result: 'heap', durationMs }],
    ])
    expect(recorder.spans()).toMatchObject([{ attributes: { 'hook.start': true, 'hook.end': true } }])
  })

  it('see a success without error, status code or result', () => {
    const outcomes: Outcome[] = []
    const { tracerProvider } = recorder
    startJob({ tracerProvider, onEnd: (_span, _job, outcome) => void outcomes.push(outcome) }).end(SUCCESS)

    expect(outcomes.map(outcome => Object.keys(outcome))).toEqual([['durationMs']])
    expect(outcomes[0]?.durationMs).toBeGreaterThan(0)
  })

  it('see that undefined was thrown', () => {
    const outcomes: Outcome[] = []
    const { tracerProvider } = recorder
    startJob({ tracerProvider, onEnd: (_span, _job, outcome) => void outcomes.push(outcome) }).end(
      failure(undefined),
    )

    expect(Object.keys(outcomes[0] ?? {})).toContain('error')
  })

  it('cannot end the span twice or prevent its end', () => {
    const { tracerProvider } = recorder
    startJob({ tracerProvider, onEnd: span => span.end() }).end(SUCCESS)

    expect(recorder.spans()).toHaveLength(1)
  })
})

// Jest fails the test in which an unhandled rejection occurs.
describe('a hook that fails', () => {
  const fault = new Error('hook broke')
  const breaking = (): never => {
    throw fault
  }

  it.each(['attributes', 'onStart', 'onEnd'] as const)(
    'by a throw in %s is reported, and nothing else',
    name => {
      startJob({ tracerProvider: recorder.tracerProvider, [name]: breaking }).end(SUCCESS, { 'job.late': 1 })

      expect(recorder.spans()).toMatchObject([{ attributes: { 'job.size': 3, 'job.late': 1 } }])
      expect(diagnostics.calls).toEqual([[`spanwright: hook ${name} failed`, fault]])
    },
  )

  it.each(['onStart', 'onEnd'] as const)('by a rejection in %s is reported, and nothing else', async name => {
    const { tracerProvider } = recorder
    startJob({ tracerProvider, [name]: () => Promise.reject(fault) }).end(SUCCESS)
    await setImmediate()

    expect(recorder.spans()).toHaveLength(1)
    expect(diagnostics.calls).toEqual([[`spanwright: hook ${name} failed`, fault]])
  })

  it('in ignore does not stop the tracing', () => {
    expect(decide(jobSettings({ ignore: breaking }), ROOT_CONTEXT, SWEEP)).toBe('trace')
    expect(diagnostics.calls).toEqual([['spanwright: hook ignore failed', fault]])
  })

  it('by being async where a result is needed returns none', async () => {
    const later = (() => Promise.resolve(true)) as unknown as () => boolean
    expect(decide(jobSettings({ ignore: later }), ROOT_CONTEXT, SWEEP)).toBe('trace')

    const rejecting = (() => Promise.reject(fault)) as unknown as () => boolean
    expect(decide(jobSettings({ ignore: rejecting }), ROOT_CONTEXT, SWEEP)).toBe('trace')
    await setImmediate()
    expect(diagnostics.calls).toEqual([['spanwright: hook ignore failed', fault]])
  })

  it('by an unreadable result is reported, and nothing else', () => {
    const { tracerProvider } = recorder
    const unreadable = (): Attributes => ({
      get trap(): never {
        throw fault
      },
    })
    startJob({ tracerProvider, attributes: unreadable }).end(SUCCESS)

    expect(recorder.spans()).toMatchObject([{ attributes: { 'job.size': 3 } }])
    expect(diagnostics.calls).toEqual([['spanwright: hook attributes failed', fault]])
  })

  it("by a result that isn't a record of attributes adds nothing", () => {
    const { tracerProvider } = recorder
    const text = (() => 'abc') as unknown as () => Attributes
    startJob({ tracerProvider, attributes: text }).end(SUCCESS)

    expect(recorder.spans().map(span => span.attributes)).toEqual([{ 'job.size': 3 }])
  })

  it('does not reach the application through a diag logger that throws either', () => {
    diagnostics.calls.push = () => {
      throw new Error('disk full')
    }
    startJob({ tracerProvider: recorder.tracerProvider, onStart: breaking }).end(SUCCESS)

    expect(recorder.spans()).toHaveLength(1)
  })
})
