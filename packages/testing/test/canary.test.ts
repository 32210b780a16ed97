import {
  context,
  createTraceState,
  propagation,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { afterAll, afterEach, describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'

import { canary, expectNoCanary, recordSpans } from '@spanwright/testing'

const EMAIL = canary('alice@example.com')

const recorder = recordSpans()
const tracer = recorder.tracerProvider.getTracer('test', '1.0.0')
afterEach(() => recorder.reset())
afterAll(() => recorder.stop())

/** The lines of a failure, or none. */
async function findings(...others: unknown[]): Promise<string[]> {
  const error = await expectNoCanary(...others).then(
    () => undefined,
    (reason: Error) => reason,
  )
  return error?.message.split('\n') ?? []
}

const TITLE = 'canaries came out:'

describe('a canary', () => {
  it('is returned, and passes when it appears nowhere', async () => {
    expect(canary('another value')).toBe('another value')
    tracer.startSpan('work', { attributes: { 'user.name': 'bob' } }).end()

    expect(await findings()).toEqual([])
  })

  it('is found in every part of a span', async () => {
    const spanContext = {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      traceFlags: 1,
      traceState: createTraceState('shop=alice@example.com'),
    }
    const span = tracer.startSpan(
      `mail ${EMAIL}`,
      {
        attributes: { [`x.${EMAIL}`]: 1, to: EMAIL, list: ['a', EMAIL] },
        links: [{ context: spanContext, attributes: { of: EMAIL } }],
      },
      trace.setSpanContext(ROOT_CONTEXT, spanContext),
    )
    span.addEvent(`sent ${EMAIL}`, { address: EMAIL })
    span.setStatus({ code: SpanStatusCode.ERROR, message: `no such user ${EMAIL}` }).end()

    const line = 'INTERNAL mail alice@example.com ✗'
    expect(await findings()).toEqual([
      TITLE,
      ...[
        'the name',
        'an attribute key',
        'the attribute to',
        'the attribute list',
        'the name of an event',
        'the attribute address of the event sent alice@example.com',
        'the trace state of a link',
        'the attribute of of a link',
        'the status message',
        'the trace state',
      ].map(place => `  "alice@example.com" in ${place} of ${line}`),
    ])
  })

  it('is found in resources and scopes', async () => {
    await using other = recordSpans({ resource: { 'host.name': EMAIL } })
    other.tracerProvider.getTracer(EMAIL).startSpan('work').end()

    expect(await findings()).toEqual([
      TITLE,
      '  "alice@example.com" in the attribute host.name of the resource of INTERNAL work',
      '  "alice@example.com" in the scope of INTERNAL work',
    ])
  })

  it('is found in metrics that were not collected yet', async () => {
    const meter = recorder.meterProvider.getMeter('test')
    meter.createCounter('mails').add(1, { to: EMAIL })

    expect(await findings()).toEqual([
      TITLE,
      '  "alice@example.com" in the attribute to of the metric mails of test',
    ])
  })

  it('is found in the headers of the propagator', async () => {
    const baggage = propagation.createBaggage({ user: { value: EMAIL } })
    recorder.propagator.inject(propagation.setBaggage(context.active(), baggage), {}, { set: () => {} })

    expect(await findings()).toEqual([
      TITLE,
      '  "alice@example.com" in the field baggage that was sent (percent-encoded)',
    ])
  })

  it('is found in given strings, bytes, and objects that contain them', async () => {
    const request: Record<string, unknown> = {
      headers: new Map([['x-user', EMAIL]]),
      body: Buffer.from(EMAIL),
    }
    request['self'] = request

    expect(await findings('clean', `log: ${EMAIL}`, request)).toEqual([
      TITLE,
      '  "alice@example.com" in argument 2',
      '  "alice@example.com" in argument 3, headers, x-user',
      '  "alice@example.com" in argument 3, body',
    ])
  })

  it('is reported only once', async () => {
    tracer.startSpan(EMAIL).end()

    expect(await findings()).toHaveLength(2)
    expect(await findings()).toEqual([])
  })

  it('is found in spans that were discarded later', async () => {
    tracer.startSpan(EMAIL).end()
    await recorder.reset()

    expect(await findings()).toEqual([TITLE, `  "alice@example.com" in the name of INTERNAL ${EMAIL}`])
  })

  it.each([['short'], [''], [undefined]])('is refused as %j', value => {
    expect(() => canary(value as string)).toThrow('expected a canary of at least 6 characters')
  })
})

describe('an encoded canary', () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  it.each([
    ['upper case', EMAIL.toUpperCase(), ''],
    ['a component of a URL', encodeURIComponent(EMAIL), 'percent-encoded'],
    [
      'every character of a URL',
      EMAIL.replace(/./g, c => `%${c.charCodeAt(0).toString(16)}`),
      'percent-encoded',
    ],
    [
      'a component encoded twice',
      encodeURIComponent(encodeURIComponent(EMAIL)),
      'percent-encoded in percent-encoded',
    ],
    ['an escape of JSON', String.raw`{"a":"alice\u0040example.com"}`, 'escaped'],
    ['JSON in JSON', JSON.stringify(String.raw`{"a":"alice\u0040example.com"}`), 'escaped in escaped'],
    ['an HTML entity', 'alice&#64;example.com', 'an HTML entity'],
    ['base64', base64(`user:${EMAIL}`), 'base64'],
    ['base64 for URLs', Buffer.from(`~~?${EMAIL}`).toString('base64url'), 'base64'],
    ['base64 without its beginning', base64(`user:${EMAIL}`).slice(3), 'base64'],
    [
      'the payload of a token',
      `h.${Buffer.from(JSON.stringify({ sub: EMAIL })).toString('base64url')}.s`,
      'base64',
    ],
    ['hexadecimal digits', Buffer.from(EMAIL).toString('hex'), 'hexadecimal'],
    ['base64 in a URL', encodeURIComponent(base64(`>>>${EMAIL}>>>`)), 'base64 in percent-encoded'],
  ])('is found as %s', async (_, text, encoding) => {
    expect(await findings(`before ${text} after`)).toContainEqual(
      `  "alice@example.com" in argument 1${encoding === '' ? '' : ` (${encoding})`}`,
    )
  })

  it('is found with spaces and letters beyond ASCII', async () => {
    const name = canary('Zoë van der Ü')

    for (const text of [
      encodeURIComponent(name),
      encodeURIComponent(name).replaceAll('%20', '+'),
      base64(name),
      name.normalize('NFD'),
      JSON.stringify(name).replace(
        /[^\x20-\x7e]/g,
        c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
      ),
    ]) {
      expect(await findings(text)).toContainEqual(expect.stringContaining('"Zoë van der Ü" in argument 1'))
    }
  })

  it('is found within any string, and only where it is contained', async () => {
    const encode = fc.constantFrom<(text: string) => string>(
      text => text,
      encodeURIComponent,
      base64,
      text => Buffer.from(text).toString('hex'),
      text => JSON.stringify(text),
    )
    // Letters next to a run of hexadecimal digits would become part of it.
    const around = fc.string({ maxLength: 20 }).map(text => `${text} `)
    await fc.assert(
      fc.asyncProperty(
        around,
        around,
        fc.array(encode, { maxLength: 2 }),
        async (before, after, encoders) => {
          const encoded = encoders.reduce((text, encoder) => encoder(text), `${before}${EMAIL} ${after}`)
          const clean = encoders.reduce((text, encoder) => encoder(text), `${before}bob@example.com ${after}`)
          expect(await findings(clean)).toEqual([])
          expect((await findings(encoded)).length).toBeGreaterThan(0)
        },
      ),
    )
  })
})
