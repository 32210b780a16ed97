import { execFile } from 'node:child_process'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'

import {
  context,
  INVALID_SPAN_CONTEXT,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
} from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'

import {
  decide,
  failure,
  isTracingSuppressed,
  runToEnd,
  SUCCESS,
  suppressTracing,
  withholdMessage,
} from '@spanwright/core/plugin'
import { collectDiag, FROM_SOURCE } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'

import { jobSettings, startJob, SWEEP } from './job.ts'

const recorder = recordTests()

const REMOTE: SpanContext = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: TraceFlags.SAMPLED,
  isRemote: true,
}
const remoteContext = trace.setSpanContext(ROOT_CONTEXT, REMOTE)

describe('an operation', () => {
  it('makes one span with kind, name, start attributes and scope', () => {
    startJob({}, { kind: SpanKind.PRODUCER }).end(SUCCESS)

    const [span, ...others] = recorder.spans()
    expect(others).toEqual([])
    expect(span).toMatchObject({
      name: 'job',
      kind: SpanKind.PRODUCER,
      attributes: { 'job.size': 3 },
      status: { code: SpanStatusCode.UNSET },
      events: [],
      links: [],
      parentSpanContext: undefined,
      instrumentationScope: {
        name: 'jobs',
        version: '1.2.3',
        schemaUrl: 'https://opentelemetry.io/schemas/1.45.0',
      },
    })
    expect(recorder.open()).toEqual([])
  })

  it('is a child of the span in its parent context', () => {
    startJob({}, { parent: remoteContext }).end(SUCCESS)

    const [span] = recorder.spans()
    expect(span?.parentSpanContext).toEqual(REMOTE)
    expect(span?.spanContext().traceId).toBe(REMOTE.traceId)
  })

  it('ignores the active context when another one is given', () => {
    context.with(remoteContext, () => startJob({}, { parent: ROOT_CONTEXT }).end(SUCCESS))

    expect(recorder.spans()[0]?.parentSpanContext).toBeUndefined()
  })

  it('starts a new trace with root, whatever the parent context holds', () => {
    startJob({}, { parent: remoteContext, root: true }).end(SUCCESS)

    const [span] = recorder.spans()
    expect(span?.parentSpanContext).toBeUndefined()
    expect(span?.spanContext().traceId).not.toBe(REMOTE.traceId)
  })

  it('carries its links', () => {
    startJob({}, { links: [{ context: REMOTE, attributes: { 'link.number': 1 } }] }).end(SUCCESS)

    expect(recorder.spans()[0]?.links).toEqual([{ context: REMOTE, attributes: { 'link.number': 1 } }])
  })

  it('is active in the work it runs, even across an await, and nowhere else', async () => {
    const before = context.active()
    const operation = startJob()
    const { span } = operation
    expect(trace.getActiveSpan()).toBeUndefined()

    const seen = operation.run(async () => {
      const first = trace.getActiveSpan()
      await setImmediate()
      return [first, trace.getActiveSpan()]
    })

    expect(context.active()).toBe(before)
    expect(await seen).toEqual([span, span])
    expect(trace.getActiveSpan()).toBeUndefined()
    operation.end(SUCCESS)
  })

  it('is the parent of what starts in it', () => {
    const outer = startJob()
    outer.run(() => startJob({}, { name: 'inner' }).end(SUCCESS))
    outer.end(SUCCESS)

    expect(recorder.tree()).toMatchObject([
      { span: { name: 'job' }, children: [{ span: { name: 'inner' }, children: [] }] },
    ])
  })

  it('keeps the other values of the parent context', () => {
    const key = Symbol('tenant')
    const operation = startJob({}, { parent: ROOT_CONTEXT.setValue(key, 'blue') })

    expect(operation.run(() => context.active().getValue(key))).toBe('blue')
    operation.end(SUCCESS)
  })

  it('accepts another name and late attributes', () => {
    const operation = startJob()
    operation.rename('job of the night')
    operation.end(SUCCESS, { 'job.swept': 12, 'job.size': 4 })

    expect(recorder.spans()).toMatchObject([
      { name: 'job of the night', attributes: { 'job.size': 4, 'job.swept': 12 } },
    ])
  })
})

describe('the end of an operation', () => {
  it('comes once: a later ending, name or attribute has no effect', () => {
    const { calls: reports, stop } = collectDiag('error')
    const operation = startJob()
    expect(operation.ended).toBe(false)
    operation.end(SUCCESS)
    expect(operation.ended).toBe(true)

    operation.end(failure(new Error('too late')), { 'job.late': true })
    operation.rename('too late')
    stop()

    expect(recorder.spans()).toMatchObject([
      { name: 'job', status: { code: SpanStatusCode.UNSET }, attributes: { 'job.size': 3 }, events: [] },
    ])
    expect(reports).toEqual([])
  })

  it('leaves a span that records nothing, and an empty context', () => {
    const operation = startJob()
    expect(operation.isRecording).toBe(true)
    operation.end(SUCCESS)

    expect(operation.isRecording).toBe(false)
    expect(operation.span.spanContext()).toEqual(INVALID_SPAN_CONTEXT)
    expect(operation.context).toBe(ROOT_CONTEXT)
    expect(operation.run(() => trace.getActiveSpan())).toBeUndefined()
  })

  it('by a failure sets status, error.type and an exception event', () => {
    const error = new RangeError('seven is too many')
    const { stack } = error
    startJob().end(failure(error))

    const [span] = recorder.spans()
    expect(span?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'seven is too many' })
    expect(span?.attributes).toEqual({ 'job.size': 3, 'error.type': 'RangeError' })
    expect(span?.events).toMatchObject([
      {
        name: 'exception',
        attributes: {
          'exception.type': 'RangeError',
          'exception.message': 'seven is too many',
          'exception.stacktrace': stack,
        },
      },
    ])
  })

  it('by a failure without an exception has the given error type and description', () => {
    startJob().end({ failed: true, errorType: '503', description: 'not now' })

    expect(recorder.spans()).toMatchObject([
      {
        status: { code: SpanStatusCode.ERROR, message: 'not now' },
        attributes: { 'error.type': '503' },
        events: [],
      },
    ])
  })

  it('by an unknown failure has the fallback error type', () => {
    startJob().end({ failed: true })

    const [span] = recorder.spans()
    expect(span?.status).toEqual({ code: SpanStatusCode.ERROR })
    expect(span?.attributes['error.type']).toBe('_OTHER')
  })

  it("with a thrown value that isn't a failure, such as an abort, has the event but neither status nor error.type", () => {
    const reason = new DOMException('the caller went away', 'AbortError')
    startJob().end({ failed: false, thrown: { value: reason } })

    const [span] = recorder.spans()
    expect(span?.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(span?.attributes).toEqual({ 'job.size': 3 })
    expect(span?.events).toMatchObject([
      {
        name: 'exception',
        attributes: { 'exception.type': 'AbortError', 'exception.message': 'the caller went away' },
      },
    ])
  })

  it('records the replacement of a withheld message', () => {
    const error = new Error('duplicate key (email)=(a@b.example)')
    withholdMessage(error, 'duplicate key')
    startJob().end(failure(error))

    const [span] = recorder.spans()
    expect(span?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'duplicate key' })
    expect(span?.events[0]?.attributes).toEqual({
      'exception.type': 'Error',
      'exception.message': 'duplicate key',
      'exception.stacktrace': expect.stringMatching(/^Error: duplicate key\n {4}at .*operation\.test\.ts/),
    })
  })

  it('adds no exception event when that is switched off, and still records the error', () => {
    startJob({ recordExceptions: false }).end(failure(new TypeError('no')))

    expect(recorder.spans()).toMatchObject([
      {
        status: { code: SpanStatusCode.ERROR, message: 'no' },
        attributes: { 'error.type': 'TypeError' },
        events: [],
      },
    ])
  })

  it('never writes to the late attributes it is given, so that they can be shared', () => {
    const late = Object.freeze({ 'job.place': 'attic' })
    startJob().end(failure(new Error('first')), late)
    startJob().end(SUCCESS, late)

    expect(recorder.spans().map(span => span.attributes)).toEqual([
      { 'job.size': 3, 'job.place': 'attic', 'error.type': 'Error' },
      { 'job.size': 3, 'job.place': 'attic' },
    ])
    expect(late).toEqual({ 'job.place': 'attic' })
  })
})

describe('whether to trace', () => {
  it('is not started when tracing is suppressed', () => {
    expect(decide(jobSettings(), suppressTracing(ROOT_CONTEXT), undefined)).toBe('skip')
    expect(decide(jobSettings(), ROOT_CONTEXT, undefined)).toBe('trace')
  })

  it('depends on the parent when one is required', () => {
    const settings = jobSettings({ requireParent: true })
    expect(decide(settings, ROOT_CONTEXT, undefined)).toBe('skip')
    expect(decide(settings, trace.setSpanContext(ROOT_CONTEXT, INVALID_SPAN_CONTEXT), undefined)).toBe('skip')
    expect(decide(settings, remoteContext, undefined)).toBe('trace')
  })

  it('is decided by ignore, which receives the operation', () => {
    const settings = jobSettings({ ignore: job => job.title === 'sweep' })
    expect(decide(settings, ROOT_CONTEXT, SWEEP)).toBe('ignore')
    expect(decide(settings, ROOT_CONTEXT, { title: 'dust' })).toBe('trace')
  })

  it('does not call ignore when nothing would be traced anyway', () => {
    const asked: string[] = []
    const settings = jobSettings({ requireParent: true, ignore: job => asked.push(job.title) > 0 })
    decide(settings, ROOT_CONTEXT, SWEEP)
    decide(settings, suppressTracing(remoteContext), SWEEP)
    expect(asked).toEqual([])
  })

  it('makes no span when tracing is suppressed either', () => {
    const operation = startJob({}, { parent: suppressTracing(remoteContext) })
    expect(operation.isRecording).toBe(false)
    operation.run(() => expect(isTracingSuppressed(context.active())).toBe(true))
    operation.end(SUCCESS)
    expect(recorder.spans()).toEqual([])
  })
})

describe('work run to its end', () => {
  it('ends the span when it returns, and returns the same value', () => {
    const result = { swept: true }
    expect(runToEnd(startJob(), () => result)).toBe(result)
    expect(recorder.spans()).toHaveLength(1)
  })

  it('ends the span when it throws, and throws the same error synchronously', () => {
    const error = new Error('broom broke')
    expect(() =>
      runToEnd(startJob(), () => {
        throw error
      }),
    ).toThrow(error)
    expect(recorder.spans()).toMatchObject([{ status: { code: SpanStatusCode.ERROR } }])
  })

  it('ends the span when its promise settles, before code awaiting it continues', async () => {
    let resolve: (value: string) => void = String
    const done = runToEnd(startJob(), () => new Promise<string>(settle => (resolve = settle)))
    await setImmediate()
    expect(recorder.open()).toHaveLength(1)

    resolve('clean')
    expect(await done).toBe('clean')
    expect(recorder.spans()).toHaveLength(1)
  })

  it('leaves an unhandled rejection unhandled, as without tracing', async () => {
    // In a separate process: Jest handles such rejections itself.
    const program = `
      const { withSpan } = require('@spanwright/core')
      process.on('unhandledRejection', reason => console.log(reason.message))
      withSpan('sweep', () => Promise.reject(new Error('nobody listens')))`
    const options = [...FROM_SOURCE, '--eval', program]
    const { stdout } = await promisify(execFile)(process.execPath, options, { cwd: __dirname })

    expect(stdout).toBe('nobody listens\n')
  })

  it('keeps the class of a promise', async () => {
    class Later<T> extends Promise<T> {}
    const done = runToEnd(startJob(), () => Later.resolve(1))
    expect(done).toBeInstanceOf(Later)
    expect(await done).toBe(1)
  })

  it('runs the work of a lazy thenable in the span', async () => {
    const operation = startJob()
    const { span } = operation
    const query = {
      // oxlint-disable-next-line unicorn/no-thenable -- a query builder is one
      then: <R>(onDone: (active: unknown) => R): Promise<R> =>
        Promise.resolve(trace.getActiveSpan()).then(onDone),
      catch: (): void => {},
    }

    expect(await runToEnd(operation, () => query)).toBe(span)
    expect(recorder.spans()).toHaveLength(1)
  })

  it('can be awaited when it is a thenable whose then() returns nothing', async () => {
    const bare = {
      // oxlint-disable-next-line unicorn/no-thenable -- the least that can be awaited
      then(onDone: (active: unknown) => void): void {
        onDone(trace.getActiveSpan())
      },
    }
    const operation = startJob()
    const { span } = operation

    expect(await runToEnd(operation, () => bare)).toBe(span)
    expect(recorder.spans()).toHaveLength(1)
  })

  it('gives back an object whose `then` cannot be read', () => {
    const odd = {
      // oxlint-disable-next-line unicorn/no-thenable -- the fault under test
      get then(): never {
        throw new Error('hands off')
      },
    }

    expect(runToEnd(startJob(), () => odd)).toBe(odd)
    expect(recorder.spans()).toMatchObject([{ status: { code: SpanStatusCode.UNSET } }])
  })

  it.each([
    ['a value', (): unknown => 'clean'],
    ['a promise', (): unknown => Promise.resolve('clean')],
  ])('comes back, and ends the span, though the settlement of %s throws', async (_, work) => {
    const { calls: reports, stop } = collectDiag('error')
    const fault = new Error('no such field')
    const result = await runToEnd(startJob(), work, {
      succeeded() {
        throw fault
      },
    })
    stop()

    expect(result).toBe('clean')
    expect(recorder.spans()).toMatchObject([{ status: { code: SpanStatusCode.UNSET } }])
    expect(reports).toEqual([['spanwright: settling an operation failed', fault]])
  })

  it('throws its own error though the settlement of the failure throws', () => {
    const { calls: reports, stop } = collectDiag('error')
    const error = new Error('broom broke')
    expect(() =>
      runToEnd(
        startJob(),
        () => {
          throw error
        },
        {
          failed() {
            throw new Error('no such field')
          },
        },
      ),
    ).toThrow(error)
    stop()

    expect(recorder.spans()).toMatchObject([
      { status: { code: SpanStatusCode.ERROR, message: 'broom broke' } },
    ])
    expect(reports).toHaveLength(1)
  })
})
