import { type Attributes, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { afterEach, describe, expect, it } from '@jest/globals'

import {
  checkMetrics,
  checkSpans,
  type ConventionOptions,
  recordSpans,
  type Vocabulary,
} from '@spanwright/testing'
import '@spanwright/testing/jest'

const recorder = recordSpans()
afterEach(() => recorder.reset())

const SERVER: Attributes = {
  'http.request.method': 'GET',
  'url.path': '/users/7',
  'url.scheme': 'http',
  'http.route': '/users/:id',
  'http.response.status_code': 200,
  'server.address': 'shop.test',
  'server.port': 8080,
  'http.request.header.accept': ['text/html'],
}

/** The faults of one span. */
function faultsOf(
  attributes: Attributes,
  {
    kind = SpanKind.SERVER,
    failed = false,
    ...options
  }: ConventionOptions & { kind?: SpanKind; failed?: boolean } = {},
): string[] {
  const span = recorder.tracerProvider.getTracer('test').startSpan('GET', { kind, attributes })
  if (failed) span.setStatus({ code: SpanStatusCode.ERROR })
  span.end()
  return checkSpans(recorder.spans().slice(-1), options).map(({ fault }) => fault)
}

describe('the convention check of a span', () => {
  it('finds no faults in what follows the conventions', () => {
    expect(faultsOf(SERVER)).toEqual([])
    expect(faultsOf({ 'anything.at.all': 1 }, { kind: SpanKind.INTERNAL, allow: ['anything.*'] })).toEqual([])
    expect(faultsOf({ 'spanwright.db.wait_time': 0.1 })).toEqual([])
  })

  it.each<[string, Attributes, string]>([
    [
      'an unknown attribute',
      { 'shop.id': 1 },
      'attribute shop.id is not of the conventions (1.45.0) and not allowed',
    ],
    [
      'a template without its name',
      { 'http.request.header': ['a'] },
      'attribute http.request.header is not of the conventions (1.45.0) and not allowed',
    ],
    [
      'a deprecated attribute',
      { 'http.status_code': 200 },
      'attribute http.status_code is deprecated: use http.response.status_code',
    ],
    [
      'a key renamed in 1.45.0',
      { 'messaging.kafka.offset': 1 },
      'attribute messaging.kafka.offset is deprecated: use kafka.offset',
    ],
    ['a number as a string', { 'server.port': '8080' }, 'attribute server.port must be int; got "8080"'],
    ['a fraction', { 'server.port': 80.5 }, 'attribute server.port must be int; got 80.5'],
    [
      'a header that is not an array',
      { 'http.request.header.accept': 'a' },
      'attribute http.request.header.accept must be string[]; got "a"',
    ],
    [
      'a method outside the closed set',
      { 'http.request.method': 'PURGE' },
      "attribute http.request.method must be one of CONNECT, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE, QUERY, _OTHER; got 'PURGE'",
    ],
    [
      'a deprecated value',
      { 'messaging.operation.type': 'publish' },
      "attribute messaging.operation.type has the deprecated value 'publish': use 'send'",
    ],
  ])('finds %s', (_what, attributes, fault) => {
    expect(faultsOf({ ...SERVER, ...attributes })).toEqual([fault])
  })

  it('accepts other values of an open enum', () => {
    expect(faultsOf({ 'db.system.name': 'ourdb' }, { kind: SpanKind.CLIENT })).toEqual([])
  })

  it('finds a missing required attribute', () => {
    const { 'url.scheme': _scheme, ...others } = SERVER

    expect(faultsOf(others)).toEqual(['required attribute url.scheme is missing'])
    expect(
      faultsOf(
        { 'messaging.system.name': 'kafka', 'messaging.operation.type': 'send' },
        { kind: SpanKind.PRODUCER },
      ),
    ).toEqual(['required attribute messaging.operation.name is missing'])
  })

  it('finds a wrong kind', () => {
    expect(faultsOf({ 'db.system.name': 'postgresql' }, { kind: SpanKind.INTERNAL })).toEqual([
      'kind must be CLIENT with db.system.name; got INTERNAL',
    ])
    const consumer = {
      'messaging.system.name': 'kafka',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
    }
    expect(faultsOf(consumer, { kind: SpanKind.CLIENT })).toEqual([
      'kind must be CONSUMER with messaging.system.name; got CLIENT',
    ])
  })

  it('finds error.type without an error, and an error without error.type', () => {
    expect(faultsOf({ ...SERVER, 'error.type': '500' })).toEqual(['has error.type without the status ERROR'])
    expect(faultsOf(SERVER, { failed: true })).toEqual(['has the status ERROR without error.type'])
    expect(faultsOf({ ...SERVER, 'error.type': '500' }, { failed: true })).toEqual([])
  })

  it('checks events and links too', () => {
    const tracer = recorder.tracerProvider.getTracer('test')
    const linked = tracer.startSpan('linked')
    const span = tracer.startSpan('work', {
      links: [{ context: linked.spanContext(), attributes: { 'kafka.offset': '7' } }],
    })
    span.addEvent('exception', { 'exception.stacktrace': 'at …' }).end()

    expect(checkSpans(recorder.spans())).toEqual([
      { subject: 'INTERNAL work', fault: 'event exception: needs exception.type or exception.message' },
      { subject: 'INTERNAL work', fault: 'link: attribute kafka.offset must be int; got "7"' },
    ])
  })

  it('is a matcher that lists every fault', () => {
    faultsOf({ ...SERVER, 'shop.id': 1, 'server.port': '80' })

    expect(() => expect(recorder).toFollowSemanticConventions()).toThrow(
      `expected to follow the semantic conventions, but
  SERVER GET: attribute server.port must be int; got "80"
  SERVER GET: attribute shop.id is not of the conventions (1.45.0) and not allowed`,
    )
    expect(recorder).toFollowSemanticConventions({ allow: ['shop.id', /^server\./] })
  })
})

describe('the legacy vocabulary', () => {
  const legacy = {
    'http.method': 'GET',
    'http.target': '/users/7',
    'http.scheme': 'http',
    'net.host.name': 'shop.test',
    'http.route': '/users/:id',
  }

  it('has its own keys, without the latest ones', () => {
    expect(faultsOf(legacy, { semconv: 'legacy' })).toEqual([])
    expect(faultsOf({ ...legacy, 'url.path': '/users/7' }, { semconv: 'legacy' })).toEqual([
      'attribute url.path is not of the legacy set',
    ])
    expect(faultsOf(legacy).slice(0, 2)).toEqual([
      'attribute http.method is deprecated: use http.request.method',
      'attribute http.target is deprecated: has no successor of the same meaning',
    ])
  })

  it('has required attributes, kinds and types too', () => {
    expect(faultsOf({ 'http.target': '/', 'http.status_code': '200' }, { semconv: 'legacy' })).toEqual([
      'attribute http.status_code must be int; got "200"',
      'required attribute http.method is missing',
      'required attribute http.scheme is missing',
    ])
    expect(faultsOf({ 'db.system': 'postgresql' }, { semconv: 'legacy' })).toEqual([
      'kind must be CLIENT with db.system; got SERVER',
    ])
  })

  it('can be combined with the latest one', () => {
    expect(faultsOf({ ...SERVER, ...legacy }, { semconv: 'both' })).toEqual([])
  })
})

describe('the convention check of a metric', () => {
  const BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
  const ATTRIBUTES: Attributes = { 'http.request.method': 'GET', 'url.scheme': 'http' }

  async function metricFaults(
    name: string,
    { unit = 's', boundaries = BOUNDARIES, attributes = ATTRIBUTES, semconv = 'latest' } = {},
  ): Promise<string[]> {
    recorder.meterProvider
      .getMeter(`test ${Math.random()}`)
      .createHistogram(name, { unit, advice: { explicitBucketBoundaries: boundaries } })
      .record(1, attributes)
    return checkMetrics(await recorder.metrics(), { semconv: semconv as Vocabulary }).map(
      ({ fault }) => fault,
    )
  }

  it('finds no faults in what follows the conventions', async () => {
    expect(await metricFaults('http.server.request.duration')).toEqual([])
    expect(await metricFaults('spanwright.messaging.queue.duration', { attributes: {} })).toEqual([])
  })

  it('finds an unknown name', async () => {
    expect(await metricFaults('http.server.time')).toEqual([
      'is not of the conventions (1.45.0) and not allowed',
    ])
  })

  it('finds a wrong unit', async () => {
    expect(await metricFaults('http.server.request.duration', { unit: 'ms' })).toEqual([
      "unit must be 's'; got 'ms'",
    ])
  })

  it('finds wrong boundaries', async () => {
    expect(await metricFaults('http.server.request.duration', { boundaries: [1, 2] })).toEqual([
      `boundaries must be ${BOUNDARIES.join(' ')}; got 1 2`,
    ])
  })

  it('finds a wrong instrument', async () => {
    recorder.meterProvider
      .getMeter('test')
      .createCounter('http.client.request.duration', { unit: 's' })
      .add(1, {
        'http.request.method': 'GET',
        'server.address': 'shop.test',
        'server.port': 80,
      })

    expect(checkMetrics(await recorder.metrics()).map(({ fault }) => fault)).toEqual(['must be a histogram'])
  })

  it('finds missing attributes and unexpected ones', async () => {
    const attributes = { 'http.request.method': 'GET', 'url.path': '/' }

    expect(await metricFaults('http.server.request.duration', { attributes })).toEqual([
      'required attribute url.scheme is missing',
      'attribute url.path does not belong to this metric',
    ])
  })

  it('knows the legacy names', async () => {
    const options = { unit: 'ms', boundaries: [], attributes: { 'http.method': 'GET' } }

    expect(await metricFaults('http.server.duration', { ...options, semconv: 'legacy' })).toEqual([])
    expect((await metricFaults('http.server.duration', options)).at(-1)).toBe(
      'is not of the conventions (1.45.0) and not allowed',
    )
  })

  it('is a matcher', async () => {
    await metricFaults('http.server.request.duration', { unit: 'ms' })

    expect(await recorder.metrics()).not.toFollowSemanticConventions()
  })
})
