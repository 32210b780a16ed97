import { afterEach, describe, expect, it } from '@jest/globals'
import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api'

import { type PropagatorName, startTracing, type Tracing } from '../src/index.ts'

const T = '12345678901234567890123456789012'
const SHORT = '3456789012345678'
const P = '1234567890123456'

let tracing: Tracing | undefined

afterEach(() => tracing?.shutdown())

/** The headers that a service sends after it received these headers and started a span. */
function passOn(
  propagators: readonly PropagatorName[],
  headers: Readonly<Record<string, string>>,
): { readonly sent: Readonly<Record<string, string>>; readonly isRecording: boolean } {
  tracing = startTracing({ exporter: 'none', propagators, flushOnExit: false })
  const incoming = propagation.extract(ROOT_CONTEXT, headers)
  const span = trace.getTracer('test').startSpan('one', {}, incoming)
  const sent: Record<string, string> = {}
  context.with(trace.setSpan(incoming, span), () => propagation.inject(context.active(), sent))
  return { sent, isRecording: span.isRecording() }
}

const SPAN = '[\\da-f]{16}'

describe('b3', () => {
  it.each([
    ['b3', { b3: `${T}-${P}-1` }, `^${T}-${SPAN}-1$`],
    ['b3', { b3: `${T}-${P}-0` }, `^${T}-${SPAN}-0$`],
    ['b3', { b3: `${T}-${P}-1-6543210987654321` }, `^${T}-(?!${P})${SPAN}-1$`],
    ['b3', { b3: `${SHORT}-${P}-1` }, `^0{16}${SHORT}-${SPAN}-1$`],
    ['b3', { b3: `${T}-${P}-d` }, `^${T}-${SPAN}-d$`],
    ['b3', { 'x-b3-traceid': T, 'x-b3-spanid': P, 'x-b3-sampled': '1' }, `^${T}-${SPAN}-1$`],
    ['b3', { 'x-b3-traceid': T, 'x-b3-spanid': P, 'x-b3-sampled': 'true' }, `^${T}-${SPAN}-1$`],
    ['b3', { 'x-b3-traceid': T, 'x-b3-spanid': P, 'x-b3-flags': '1' }, `^${T}-${SPAN}-d$`],
    ['b3', { b3: `${T}-${P}-1`, 'x-b3-traceid': '9'.repeat(32), 'x-b3-spanid': P }, `^${T}-`],
    ['b3', { b3: 'nonsense', 'x-b3-traceid': T, 'x-b3-spanid': P, 'x-b3-sampled': '1' }, `^${T}-`],
    ['b3', { b3: `${T}-${P}-1-more` }, `^(?!${T})[\\da-f]{32}-${SPAN}-1$`],
    ['b3', { b3: `${'0'.repeat(32)}-${P}-1` }, `^(?!0{32})[\\da-f]{32}-${SPAN}-1$`],
    ['b3', { b3: `${T.replace('1', 'A')}-${P}-1` }, `^(?!${T.slice(1)})[\\da-f]{32}-${SPAN}-1$`],
  ] as const)('with %s continues after %j', (name, headers, expected) => {
    expect(passOn([name], headers).sent).toEqual({ b3: expect.stringMatching(new RegExp(expected)) })
  })

  it('writes several headers under the name b3multi', () => {
    expect(passOn(['b3multi'], { b3: `${T}-${P}-1` }).sent).toEqual({
      'x-b3-traceid': T,
      'x-b3-spanid': expect.stringMatching(SPAN),
      'x-b3-sampled': '1',
    })
  })

  it('sends the debug flag instead of the decision it implies', () => {
    expect(passOn(['b3multi'], { b3: `${T}-${P}-d` }).sent).toEqual({
      'x-b3-traceid': T,
      'x-b3-spanid': expect.stringMatching(SPAN),
      'x-b3-flags': '1',
    })
  })

  it.each([{ b3: '0' }, { 'x-b3-sampled': '0' }, { 'x-b3-sampled': 'false' }])(
    'follows a caller that only says not to sample: %j',
    headers => {
      const { sent, isRecording } = passOn(['b3'], headers)
      expect(isRecording).toBe(false)
      expect(sent['b3']).toMatch(/-0$/)
    },
  )
})

describe('jaeger', () => {
  it.each([
    [`${T}:${P}:0:1`, `^${T}:${SPAN}:0:01$`],
    [`${T}:${P}:${P}:0`, `^${T}:${SPAN}:0:00$`],
    [`${T}%3A${P}%3A0%3A1`, `^${T}:${SPAN}:0:01$`],
    [`${SHORT}:${P}:0:3`, `^0{16}${SHORT}:${SPAN}:0:01$`],
    ['1:2:0:1', `^0{31}1:${SPAN}:0:01$`],
    [`0:${P}:0:1`, `^(?!0{32})[\\da-f]{32}:${SPAN}:0:01$`],
    [`${T}:${P}:0:zz`, `^(?!${T})[\\da-f]{32}:${SPAN}:0:01$`],
    ['%E0%A4%A', `^[\\da-f]{32}:${SPAN}:0:01$`],
  ])('continues after %s', (header, expected) => {
    expect(passOn(['jaeger'], { 'uber-trace-id': header }).sent).toEqual({
      'uber-trace-id': expect.stringMatching(new RegExp(expected)),
    })
  })

  it('passes baggage on, a header for each entry', () => {
    const { sent } = passOn(['jaeger'], { 'uberctx-user-id': 'a%20b', 'uber-trace-id': `${T}:${P}:0:1` })
    expect(sent).toMatchObject({ 'uberctx-user-id': 'a%20b' })
  })
})

describe('several propagators', () => {
  it('all write, the last one that finds a context decides, and only W3C traces are flagged as random', () => {
    const { sent } = passOn(['tracecontext', 'baggage', 'b3'], {
      traceparent: `00-${'9'.repeat(32)}-${P}-03`,
      b3: `${T}-${P}-1`,
      baggage: 'user=ada',
    })
    expect(sent).toEqual({
      traceparent: expect.stringMatching(`^00-${T}-${SPAN}-01$`),
      b3: expect.stringMatching(`^${T}-${SPAN}-1$`),
      baggage: 'user=ada',
    })
  })

  it('may be an empty array', () => {
    expect(passOn([], { traceparent: `00-${T}-${P}-01` }).sent).toEqual({})
  })

  it('may include a custom one', async () => {
    const custom = {
      inject: (_context: unknown, carrier: unknown) => {
        Object.assign(carrier as object, { custom: 'yes' })
      },
      extract: <Context>(given: Context) => given,
      fields: () => ['custom'],
    }
    tracing = startTracing({ exporter: 'none', propagators: [custom, 'baggage'], flushOnExit: false })
    const carrier = {}
    propagation.inject(ROOT_CONTEXT, carrier)
    expect(carrier).toEqual({ custom: 'yes' })
    expect(propagation.fields()).toEqual(['custom', 'baggage'])
  })
})
