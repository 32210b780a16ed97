import { describe, expect, it, jest } from '@jest/globals'
import { type Attributes, metrics, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { MetricReader } from '@opentelemetry/sdk-metrics'
import { collectDiag } from '@spanwright/test-kit'

import { bearerTokens, cardNumbers, emailAddresses, type Redaction, startTracing } from '../src/index.ts'
import { growthOf } from '../../core/test/steps.ts'
import { Redactor } from '../src/record/redaction.ts'
import { collect } from './collector.ts'
import { startEndpoint } from './endpoint.ts'

// Long texts take a while on a busy machine.
jest.setTimeout(60_000)

const CONTEXT = { traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: 1 }

async function exportSpan(
  redact: readonly Redaction[],
  attributes: Attributes,
): Promise<ReadableSpan | undefined> {
  const { exporter, spans } = collect()
  const tracing = startTracing({ exporter, redact, flushOnExit: false })
  const span = trace
    .getTracer('test')
    .startSpan('one', { attributes, links: [{ context: CONTEXT, attributes }] }, ROOT_CONTEXT)
  span.addEvent('event', attributes)
  span.setStatus({ code: SpanStatusCode.ERROR, message: `refused ada@example.org` })
  span.end()
  await tracing.shutdown()
  return spans[0]
}

describe('redact', () => {
  it('applies to nested values, by the keys of their path and by their own', async () => {
    const given = {
      user: { email: 'ada', name: 'x', tags: ['eve@example.org', { password: 'p' }] },
      raw: new Uint8Array([1]),
      plain: { a: [1] },
    }
    const span = await exportSpan(['user.email', 'password', emailAddresses], given as never)
    const expected = {
      user: { email: '[redacted]', name: 'x', tags: ['[redacted]', { password: '[redacted]' }] },
      raw: new Uint8Array([1]),
      plain: { a: [1] },
    }
    expect(span?.attributes).toEqual(expected)
    expect(span?.events[0]?.attributes).toEqual(expected)
    expect(given.user.email).toBe('ada')
  })

  it('removes keys and patterns from attributes, events, links and the status', async () => {
    const given = {
      'user.email': 'ada@example.org',
      'http.request.header.cookie': ['a', 'b'],
      'http.request.method': 'GET',
      note: 'mail ada@example.org or bob@example.org',
      list: ['x', 'eve@example.org'],
      count: 3,
    }
    const span = await exportSpan(['user.email', 'http.request.header.*', emailAddresses], given)
    const expected = {
      'user.email': '[redacted]',
      'http.request.header.cookie': '[redacted]',
      'http.request.method': 'GET',
      note: 'mail [redacted] or [redacted]',
      list: ['x', '[redacted]'],
      count: 3,
    }
    expect(span?.attributes).toEqual(expected)
    expect(span?.events[0]?.attributes).toEqual(expected)
    expect(span?.links[0]?.attributes).toEqual(expected)
    expect(span?.status.message).toBe('refused [redacted]')
    expect(given['user.email']).toBe('ada@example.org')
  })

  it.each([
    [cardNumbers, 'paid with 4111 1111 1111 1111 today', 'paid with [redacted] today'],
    [cardNumbers, '4111-1111-1111-1111', '[redacted]'],
    [cardNumbers, 'order 12345678', 'order 12345678'],
    [bearerTokens, 'Authorization: Bearer abc.def-123==', 'Authorization: [redacted]'],
    [bearerTokens, 'token eyJhbGciOi.eyJzdWIi.c2ln', 'token [redacted]'],
    [bearerTokens, '--eyJhbGciOi.eyJzdWIi.c2ln/monkeyjob.example.org', '[redacted]/monkeyjob.example.org'],
    [emailAddresses, 'first.last+tag@mail.example.co.uk!', '[redacted]!'],
    [/secret-\d+/, 'secret-1 and secret-2', '[redacted] and [redacted]'],
    ['a.*.c', 'stays', 'stays'],
  ])('with %s changes %j to %j', async (redaction, text, expected) => {
    expect((await exportSpan([redaction], { text }))?.attributes).toEqual({ text: expected })
  })

  it.each(['a@', 'eyJ', 'eyJ-', 'eyJa.', '-', 'a.', 'a', '1 ', 'bearer ', 'bearer\t', 'Bearer a', ' '])(
    'searches 4 MiB of %j in linear time',
    part => {
      const text = part.repeat((4 * 1024 * 1024) / part.length)
      const redactor = new Redactor([cardNumbers, bearerTokens, emailAddresses])
      expect(Object.keys(redactor.attributes({ text }))).toEqual(['text'])
    },
  )

  it('finds an e-mail address in front of more labels than the engine could go back over', () => {
    const text = `mail ada@example.org${'.a'.repeat(4 * 1024 * 1024)}`
    const shown = new Redactor([emailAddresses]).text(text)
    expect(shown).toMatch(/^mail \[redacted\](?:\.a){9}/)
    expect(shown).not.toContain('ada')
  })

  it('replaces the whole value when the engine cannot search it, and reports it', async () => {
    const diagnostics = collectDiag()
    const text = `secret ${'ab'.repeat(4 * 1024 * 1024)}`
    const redact = [/secret (?:a|b)+!/]
    const { exporter, spans } = collect()
    const reader = new CollectingReader()
    const batch = { maxQueueBytes: 2 ** 30 }
    const spanLimits = { attributeValueLengthLimit: Infinity }
    const tracing = startTracing({ exporter, metrics: reader, redact, spanLimits, batch, flushOnExit: false })
    const span = trace.getTracer('test').startSpan(text, { attributes: { text, other: 'kept' } })
    span.addEvent(text).setStatus({ code: SpanStatusCode.ERROR, message: text }).end()
    metrics.getMeter('test').createCounter('mails').add(1, { text })
    const { resourceMetrics } = await reader.collect()
    await tracing.shutdown()
    diagnostics.stop()
    expect(spans).toHaveLength(1)
    expect(spans[0]).toMatchObject({
      name: '[redacted]',
      attributes: { text: '[redacted]', other: 'kept' },
      events: [{ name: '[redacted]' }],
      status: { message: '[redacted]' },
    })
    const points = resourceMetrics.scopeMetrics.flatMap(({ metrics: all }) =>
      all.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints] as const),
    )
    expect(Object.fromEntries(points)).toMatchObject({ mails: [{ attributes: { text: '[redacted]' } }] })
    expect(diagnostics.messages).toEqual(['spanwright: searching a text for data to redact failed'])
  })

  it.each([undefined, { otherwise: 1 }])(
    'lets nothing through when the stack is nearly full, with keep %j',
    async keep => {
      const diagnostics = collectDiag()
      const endpoint = await startEndpoint()
      const tracing = startTracing({
        exporter: { url: endpoint.url, compression: 'none' },
        metrics: false,
        ...(keep && { keep }),
        redact: [emailAddresses],
        flushOnExit: false,
      })
      const spans = Array.from({ length: 1500 }, (_, index) =>
        trace.getTracer('test').startSpan(`span ${index}`, { attributes: { text: 'mail ada@example.org' } }),
      )
      const left = [...spans]
      function deeper(): void {
        try {
          deeper()
        } finally {
          try {
            left.pop()?.end()
          } catch {
            // No stack is left even for the call.
          }
        }
      }
      expect(deeper).toThrow('Maximum call stack size exceeded')
      await tracing.shutdown()
      const { counts } = tracing.report()
      const sent = Buffer.concat(endpoint.arrivals.map(({ body }) => body)).toString('latin1')
      await endpoint[Symbol.asyncDispose]()
      diagnostics.stop()
      expect(sent).not.toContain('ada@')
      expect(sent.match(/mail \[redacted\]/g)).toHaveLength(counts.exporters[0]?.exported ?? 0)
    },
  )

  it('compares keys in linear time, whatever the number of stars', () => {
    const redactor = new Redactor(['a*a*a*a*b', '*a*', 'ab*', '*b'])
    expect(growthOf(size => redactor.attributes({ ['a'.repeat(size)]: 1 }))).toBeLessThan(2.1)
  })

  it.each([
    ['a.*', 'a.', true],
    ['a.*', 'a', false],
    ['*.b', 'a.b', true],
    ['a*b*c', 'a1b2b3c', true],
    ['a*b*c', 'a1c2c', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['*', '', true],
    ['a.b*', 'axb', false],
  ])('with the key %s matches %j: %s', (key, attribute, isMeant) => {
    const shown = new Redactor([key]).attributes({ [attribute]: 1 })
    expect(shown).toEqual({ [attribute]: isMeant ? '[redacted]' : 1 })
  })

  it('removes patterns from the names of spans and events', async () => {
    const { exporter, spans } = collect()
    const tracing = startTracing({ exporter, redact: [emailAddresses], flushOnExit: false })
    const span = trace.getTracer('test').startSpan('GET /ada@example.org')
    span.addEvent('welcome').addEvent('mail to bob@example.org', { list: 'x' }).end()
    await tracing.shutdown()
    expect(spans[0]?.name).toBe('GET /[redacted]')
    expect(spans[0]?.events.map(({ name, attributes }) => ({ name, attributes }))).toEqual([
      { name: 'welcome', attributes: {} },
      { name: 'mail to [redacted]', attributes: { list: 'x' } },
    ])
  })

  it('leaves no secret in the bytes of OTLP', async () => {
    const endpoint = await startEndpoint()
    const tracing = startTracing({
      exporter: { url: `${endpoint.url}/v1/traces`, compression: 'none' },
      metrics: { url: `${endpoint.url}/v1/metrics`, compression: 'none' },
      resource: { owner: 'planted-1', 'deployment.key': 'planted-2' },
      redact: [/planted-\d/, 'deployment.key', 'secret.*'],
      flushOnExit: false,
    })
    const attributes = { 'secret.one': 'planted-3', two: ['planted-4'], three: 'a planted-5' }
    const links = [{ context: CONTEXT, attributes }]
    const span = trace.getTracer('test').startSpan('GET /planted-6', { attributes, links }, ROOT_CONTEXT)
    span.addEvent('mail planted-7', attributes)
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'no planted-8' }).end()
    metrics.getMeter('test').createCounter('mails').add(1, attributes)
    metrics.getMeter('@spanwright/jobs').createCounter('jobs').add(1, attributes)
    await tracing.shutdown()
    const sent = Buffer.concat(endpoint.arrivals.map(({ body }) => body)).toString('latin1')
    await endpoint[Symbol.asyncDispose]()
    expect(endpoint.arrivals.map(({ path }) => path).toSorted()).toEqual(['/v1/metrics', '/v1/traces'])
    expect(sent).toContain('GET /[redacted]')
    expect(sent).toContain('secret.one')
    expect(sent).not.toContain('planted')
  })

  it('removes keys and patterns from the resource, including that of metrics', async () => {
    const { exporter, spans } = collect()
    const reader = new CollectingReader()
    const tracing = startTracing({
      exporter,
      metrics: reader,
      detectors: ['process', 'host'],
      resource: { owner: 'ada@example.org', list: ['x', 'bob@example.org'], 'deployment.key': 'k' },
      redact: [emailAddresses, 'process.*', 'host.*', 'deployment.key'],
      flushOnExit: false,
    })
    const { resourceMetrics } = await reader.collect()
    trace.getTracer('test').startSpan('one').end()
    await tracing.shutdown()
    for (const resource of [resourceMetrics.resource, spans[0]?.resource]) {
      await resource?.waitForAsyncAttributes?.()
      expect(resource?.attributes).toMatchObject({
        owner: '[redacted]',
        list: ['x', '[redacted]'],
        'deployment.key': '[redacted]',
        'process.pid': '[redacted]',
        'process.command_args': '[redacted]',
        'host.name': '[redacted]',
        'host.id': '[redacted]',
        'telemetry.sdk.language': 'nodejs',
      })
    }
  })

  it.each(['application', '@spanwright/jobs'])(
    'adds up the points of %s that are equal once redacted',
    async scope => {
      const reader = new CollectingReader()
      const { exporter } = collect()
      const tracing = startTracing({
        exporter,
        metrics: reader,
        redact: ['user', emailAddresses],
        flushOnExit: false,
      })
      const meter = metrics.getMeter(scope)
      const sent = meter.createCounter('mails')
      const taken = meter.createHistogram('time')
      const waiting = meter.createObservableGauge('waiting')
      const open = meter.createObservableUpDownCounter('open')
      const leftOut = jest.fn<() => void>()
      waiting.addCallback(leftOut)
      waiting.removeCallback(leftOut)
      waiting.addCallback(result => result.observe(3, { user: 'eve', host: 'a' }))
      meter.addBatchObservableCallback(result => result.observe(open, 2, { user: 'eve' }), [open])
      for (const user of ['ada', 'bob']) {
        sent.add(2, { user, to: `${user}@example.org`, kind: 'invoice' })
        taken.record(1, { user })
      }
      const { resourceMetrics } = await reader.collect()
      await tracing.shutdown()

      const points = resourceMetrics.scopeMetrics
        .filter(({ scope: { name } }) => name === scope)
        .flatMap(({ metrics: all }) =>
          all.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints] as const),
        )
      expect(Object.fromEntries(points)).toEqual({
        mails: [
          expect.objectContaining({
            value: 4,
            attributes: { user: '[redacted]', to: '[redacted]', kind: 'invoice' },
          }),
        ],
        time: [
          expect.objectContaining({
            attributes: { user: '[redacted]' },
            value: expect.objectContaining({ count: 2 }),
          }),
        ],
        waiting: [expect.objectContaining({ value: 3, attributes: { user: '[redacted]', host: 'a' } })],
        open: [expect.objectContaining({ value: 2, attributes: { user: '[redacted]' } })],
      })
      expect(leftOut).not.toHaveBeenCalled()
    },
  )

  it('exports the span itself when there is nothing to redact', async () => {
    const span = await exportSpan(['other'], { text: 'harmless' })
    expect(span?.constructor.name).toBe('RecordingSpan')
  })
})

class CollectingReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}
