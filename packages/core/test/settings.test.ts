import { type Attributes, context, metrics, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { recordSpans } from '@spanwright/testing'

import { aBoolean, aListOfStrings, anyOf, aRecordOf, Settings, SUCCESS } from '@spanwright/core/plugin'
import { type SemconvArea } from '../src/semconv/legacy.ts'

import { jobSettings, startJob } from './job.ts'

const VARIABLES = ['SPANWRIGHT_SEMCONV', 'OTEL_SEMCONV_STABILITY_OPT_IN'] as const
const before = VARIABLES.map(name => process.env[name])

function clear(): void {
  for (const name of VARIABLES) delete process.env[name]
}
beforeEach(clear)
afterEach(() => {
  clear()
  for (const [index, name] of VARIABLES.entries()) {
    if (before[index] !== undefined) process.env[name] = before[index]
  }
})

function settings(options: unknown, area?: SemconvArea): Settings<unknown> {
  return new Settings(
    {
      scope: { name: 'jobs', version: '1.2.3' },
      caller: 'tracing()',
      ...(area && { area }),
      rules: { pipes: aBoolean },
      metricsRules: { activeRequests: aBoolean },
    },
    options as never,
  )
}

describe('settings', () => {
  it.each<[string, unknown, string]>([
    ['a typo', { semcov: 'x' }, "tracing(): unknown option 'semcov' (given 'x'); did you mean semconv?"],
    [
      'a wrong word',
      { semconv: 'old' },
      "tracing(): option semconv must be 'latest', 'legacy', 'both'; got 'old'",
    ],
    [
      'a wrong provider',
      { tracerProvider: {} },
      'tracing(): option tracerProvider must be a TracerProvider (an object with getTracer()); got {}',
    ],
    [
      'a wrong option of metrics',
      { metrics: { atributes: Object } },
      'tracing(): option metrics must be true or false, or an object with activeRequests, attributes; got { atributes: [Function: Object] }',
    ],
    ['a wrong option of its own', { pipes: 1 }, 'tracing(): option pipes must be true or false; got 1'],
    ['no object', 5, 'tracing(): options must be an object, got 5'],
  ])('are refused with words: %s', (_, options, message) => {
    expect(() => settings(options)).toThrow(new TypeError(message))
  })

  it('are read once: later changes to the given objects, even nested ones, have no effect', () => {
    const attributes = (): Attributes => ({})
    const tracerProvider = trace.getTracerProvider()
    const given = {
      tracerProvider,
      metrics: { attributes } as { attributes?: typeof attributes; activeRequests?: boolean },
      names: ['a'],
      capture: { request: ['x-id'], response: undefined as string[] | undefined },
    }
    const { options } = new Settings(
      {
        scope: { name: 'jobs', version: '1.2.3' },
        caller: 'tracing()',
        rules: {
          names: anyOf(aBoolean, aListOfStrings),
          capture: aRecordOf({ request: aListOfStrings, response: aListOfStrings }),
        },
        metricsRules: { activeRequests: aBoolean },
      },
      given,
    )
    given.metrics.activeRequests = true
    given.names.push('b')
    given.capture.request.push('x-other')
    given.capture.response = ['x-late']
    expect(options).toEqual({
      tracerProvider,
      metrics: { attributes },
      names: ['a'],
      capture: { request: ['x-id'], response: undefined },
    })
    expect(options.tracerProvider).toBe(tracerProvider)
    for (const frozen of [
      options,
      options.metrics,
      options.names,
      options.capture,
      options.capture.request,
    ]) {
      expect(Object.isFrozen(frozen)).toBe(true)
    }
  })

  it('have the defaults of the documentation', () => {
    expect(settings(undefined)).toMatchObject({
      semconv: 'latest',
      recordExceptions: true,
      requireParent: false,
      metrics: true,
      hasHooks: false,
    })
  })

  it.each(['ignore', 'attributes', 'onStart', 'onEnd'])('know that %s is a hook', name => {
    expect(settings({ [name]: () => undefined }).hasHooks).toBe(true)
  })

  it('know that a hook of the metrics is a hook, and which metrics are off', () => {
    expect(settings({ metrics: { attributes: () => ({}) } })).toMatchObject({ hasHooks: true, metrics: true })
    expect(settings({ metrics: { activeRequests: true } })).toMatchObject({ hasHooks: false, metrics: true })
    expect(settings({ metrics: false })).toMatchObject({ hasHooks: false, metrics: false })
  })

  it('ignore later changes of the options', () => {
    const options: Record<string, unknown> = {}
    const resolved = settings(options)
    options['ignore'] = () => true
    options['propagator'] = 5
    expect(resolved.options).toEqual({})
  })
})

describe('the vocabulary', () => {
  it.each<[string, SemconvArea, string | undefined, string | undefined, string]>([
    ['nothing is set', 'http.server', undefined, undefined, 'latest'],
    ['the own variable says so', 'http.server', 'legacy', undefined, 'legacy'],
    ['the own variable says so, over the common one', 'http.server', 'latest', 'http/dup', 'latest'],
    ['the own variable has blanks', 'http.server', ' both ', undefined, 'both'],
    ['the own variable is empty', 'http.server', '', 'http/dup', 'both'],
    ['the own variable is nonsense', 'http.server', 'newest', 'http/dup', 'both'],
    ['the area is duplicated', 'http.client', undefined, 'http/dup', 'both'],
    ['the area is in a list', 'database', undefined, 'http, DATABASE/dup ,messaging', 'both'],
    ['the area is duplicated and not', 'messaging', undefined, 'messaging/dup,messaging', 'both'],
    ['the area is not duplicated', 'messaging', undefined, 'messaging', 'latest'],
    ['another area is duplicated', 'messaging', undefined, 'http/dup,database/dup', 'latest'],
  ])('when %s', (_, area, own, common, expected) => {
    if (own !== undefined) process.env['SPANWRIGHT_SEMCONV'] = own
    if (common !== undefined) process.env['OTEL_SEMCONV_STABILITY_OPT_IN'] = common
    expect(settings({}, area).semconv).toBe(expected)
  })

  it('is the option rather than any variable', () => {
    process.env['SPANWRIGHT_SEMCONV'] = 'legacy'
    expect(settings({ semconv: 'latest' }, 'database').semconv).toBe('latest')
  })

  it('rewrites attributes only when necessary', () => {
    const translate = (semconv: string): Attributes | undefined =>
      settings({ semconv }, 'database').translate?.({ 'db.query.text': 'SELECT 1' })
    expect(translate('latest')).toBeUndefined()
    expect(translate('legacy')).toEqual({ 'db.statement': 'SELECT 1' })
    expect(translate('both')).toEqual({ 'db.statement': 'SELECT 1', 'db.query.text': 'SELECT 1' })
  })

  it('is unchanged without an area', () => {
    process.env['SPANWRIGHT_SEMCONV'] = 'both'
    expect(settings({})).toMatchObject({ semconv: 'latest', translate: undefined })
  })
})

describe('the tracer', () => {
  it('is found even when its provider is registered after the settings, removed, and replaced by another', async () => {
    const resolved = jobSettings()
    startJob(resolved).end(SUCCESS)
    expect(resolved.hasTracerProvider).toBe(false)

    for (const round of ['first', 'second']) {
      const recorder = recordSpans({ global: true })
      expect(resolved.hasTracerProvider).toBe(true)
      startJob(resolved, { name: round }).end(SUCCESS)
      expect(recorder.spans().map(span => span.name)).toEqual([round])
      await recorder.stop()

      expect(resolved.hasTracerProvider).toBe(false)
      const silent = startJob(resolved)
      expect(silent.isRecording).toBe(false)
      silent.end(SUCCESS)
    }
  })

  it('is that of the option, whatever is registered', async () => {
    const registered = recordSpans({ global: true })
    const own = recordSpans()
    const resolved = jobSettings({ tracerProvider: own.tracerProvider })
    startJob(resolved, { parent: ROOT_CONTEXT }).end(SUCCESS)
    expect(resolved.hasTracerProvider).toBe(true)
    expect(own.spans()).toHaveLength(1)
    expect(registered.spans()).toEqual([])
    await own.stop()
    await registered.stop()
  })

  it('is created once per provider', () => {
    let asked = 0
    const tracer = trace.getTracer('real')
    const resolved = jobSettings({ tracerProvider: { getTracer: () => (asked++, tracer) } })
    expect([resolved.tracer, resolved.tracer]).toEqual([tracer, tracer])
    expect(asked).toBe(1)
  })

  it('is not registered any more after these tests', () => {
    expect(jobSettings().meterProvider).toBe(metrics.getMeterProvider())
    expect(context.active()).toBe(ROOT_CONTEXT)
  })
})
