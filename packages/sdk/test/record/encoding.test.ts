import { describe, expect, it } from '@jest/globals'
import type { Attributes } from '@opentelemetry/api'
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import { type ReadableSpan, TracerProvider } from '@opentelemetry/sdk-trace'
import * as fc from 'fast-check'

import { decodeSpans } from '../../src/export/console/decode.ts'
import type { SpanLimits } from '../../src/record/types.ts'
import { type DecodedSpan, decodeRequest, spansIn } from './otlp-decoder.ts'
import { PATIENCE } from '../host.ts'
import { countedIds, recordedBytes, RESOURCE, SCOPE, WIDE } from './recorded-bytes.ts'
import { aNestedValue, aScript, play, type Script } from './scripts.ts'

const RANDOM_FLAG = 2
/** An omitted message is one with default values. */
const UNSET = { code: 0, message: '' }

const NARROW: Required<SpanLimits> = {
  attributeValueLengthLimit: 7,
  attributeCountLimit: 4,
  linkCountLimit: 2,
  eventCountLimit: 2,
  attributePerEventCountLimit: 1,
  attributePerLinkCountLimit: 2,
}

const PLAIN: Script = {
  name: 'one',
  kind: 1,
  parent: undefined,
  attributes: {},
  links: [],
  start: [1, 0],
  steps: [],
  end: [2, 0],
}

/** The bytes of OpenTelemetry's SDK and its encoder. */
function expectedBytes(
  scripts: readonly Script[],
  spanLimits: Required<SpanLimits>,
  assigned?: object,
): Uint8Array {
  const spans: ReadableSpan[] = []
  const provider = new TracerProvider({
    resource: RESOURCE,
    spanLimits,
    idGenerator: countedIds(),
    spanProcessors: [
      {
        onStart: () => {},
        // SDK 2 refuses nested values, and encodes them.
        onEnd: span => void spans.push(assigned ? Object.assign(span, { attributes: assigned }) : span),
        forceFlush: async () => {},
        shutdown: async () => {},
      },
    ],
  })
  for (const script of scripts) play(provider.getTracer(...SCOPE), script)
  return ProtobufTraceSerializer.serializeRequest(spans) ?? new Uint8Array()
}

/** Objects may reorder their keys, and the SDK's flags lack the random bit. */
function comparable(bytes: Uint8Array): unknown {
  const { resourceSpans } = decodeRequest(bytes)
  return resourceSpans.map(({ scopeSpans, ...rest }) => ({
    ...rest,
    scopeSpans: scopeSpans.map(({ spans, ...scope }) => ({ ...scope, spans: spans.map(withoutOrder) })),
  }))
}

function withoutOrder(span: DecodedSpan): unknown {
  return JSON.parse(
    JSON.stringify(
      { ...span, flags: span.flags & ~RANDOM_FLAG, status: span['status'] ?? UNSET },
      (_key, value: unknown) =>
        Array.isArray(value) &&
        value.every(item => typeof item === 'object' && item !== null && 'key' in item)
          ? value.toSorted((one: { key: string }, other: { key: string }) => (one.key < other.key ? -1 : 1))
          : typeof value === 'number' && !Number.isFinite(value)
            ? String(value)
            : value,
    ),
  )
}

describe('an ended span', () => {
  it.each([
    ['wide', WIDE],
    ['narrow', NARROW],
  ])(
    'is encoded in the same bytes as by OpenTelemetry, with %s limits',
    (_name, limits) => {
      fc.assert(
        fc.property(fc.array(aScript, { minLength: 1, maxLength: 4 }), scripts => {
          expect(comparable(recordedBytes(scripts, limits))).toEqual(
            comparable(expectedBytes(scripts, limits)),
          )
        }),
        { numRuns: 200 },
      )
    },
    PATIENCE,
  )

  it(
    'with nested values is encoded in the same bytes as by OpenTelemetry',
    () => {
      fc.assert(
        fc.property(
          fc.dictionary(fc.constantFrom('a', 'b', 'c'), aNestedValue, { noNullPrototype: true }),
          values => {
            const script: Script = { ...PLAIN, attributes: values as Attributes }
            const nested = Object.fromEntries(Object.entries(values))
            expect(comparable(recordedBytes([script], WIDE))).toEqual(
              comparable(expectedBytes([PLAIN], WIDE, nested)),
            )
          },
        ),
        { numRuns: 300 },
      )
    },
    PATIENCE,
  )

  it('with nested values is printed', () => {
    const attributes = { cart: { list: [1, null, { a: 'x' }], raw: new Uint8Array([251, 255]), empty: {} } }
    const bytes = recordedBytes([{ ...PLAIN, attributes: attributes as never }], WIDE)
    expect(decodeSpans([bytes]).map(({ span }) => span.attributes)).toEqual([
      { cart: { list: [1, null, { a: 'x' }], raw: '+/8=', empty: {} } },
    ])
  })

  it('has flags for a random trace id and a remote parent', () => {
    const parent = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1, isRemote: true }
    const scripts = [undefined, parent, { ...parent, traceFlags: 3 }].map((above): Script => ({
      ...PLAIN,
      parent: above,
    }))
    const flags = spansIn(decodeRequest(recordedBytes(scripts, WIDE, null))).map(span => span.flags)
    expect(flags).toEqual([0x103, 0x301, 0x303])
  })
})
