import type { OtlpAttribute, OtlpDocument, OtlpSpan, OtlpValue } from '../src/index.ts'
import { spansOf } from '../src/decode/spans.ts'
import { readTrace, type Trace } from '../src/model/trace.ts'

/** A span as tests describe it: times in milliseconds since `BEGAN`. */
export interface SpanInWords {
  readonly id: string
  readonly parent?: string
  readonly trace?: string
  readonly name?: string
  readonly kind?: 'INTERNAL' | 'SERVER' | 'CLIENT' | 'PRODUCER' | 'CONSUMER'
  readonly service?: string
  /** Default: 0 to 100. */
  readonly at?: readonly [start: number, end: number]
  readonly failed?: boolean
  readonly attributes?: Readonly<Record<string, string | number | boolean>>
  readonly events?: readonly SpanEventInWords[]
  /** Ids of spans of the same trace. */
  readonly links?: readonly string[]
  readonly more?: Partial<OtlpSpan>
}

/** An event, at a time in milliseconds since `BEGAN`. */
interface SpanEventInWords {
  readonly name: string
  readonly at: number
  readonly attributes: Readonly<Record<string, string>>
}

/** When the traces of tests begin, in milliseconds since the epoch. */
export const BEGAN = Date.UTC(2026, 10, 28, 9)

const KINDS = ['', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER']

/** A trace id of one repeated pair of digits. */
export function traceIdOf(pair = 'ab'): string {
  return pair.repeat(16)
}

/** A span id that ends with some digits. */
export function spanIdOf(digits: string): string {
  return digits.padStart(16, '0')
}

/** A document of OTLP JSON with these spans. */
export function documentFrom(spans: readonly SpanInWords[]): OtlpDocument {
  const services = [...new Set(spans.map(span => span.service ?? 'shop'))]
  return {
    resourceSpans: services.map(service => ({
      resource: {
        attributes: attributesFrom({ 'service.name': service, 'service.instance.id': `${service}-1` }),
      },
      scopeSpans: [
        {
          scope: { name: 'test', version: '1' },
          spans: spans.filter(span => (span.service ?? 'shop') === service).map(spanFrom),
        },
      ],
    })),
  }
}

function spanFrom({
  id,
  parent,
  trace,
  name = id,
  kind = 'INTERNAL',
  at = [0, 100],
  failed,
  attributes = {},
  more,
}: SpanInWords): OtlpSpan {
  return {
    traceId: traceIdOf(trace),
    spanId: spanIdOf(id),
    ...(parent && { parentSpanId: spanIdOf(parent) }),
    name,
    kind: KINDS.indexOf(kind),
    startTimeUnixNano: nanoseconds(at[0]),
    endTimeUnixNano: nanoseconds(at[1]),
    attributes: attributesFrom(attributes),
    status: failed ? { code: 2 } : {},
    ...more,
  }
}

function nanoseconds(milliseconds: number): string {
  return String(BigInt(BEGAN) * 1_000_000n + BigInt(Math.round(milliseconds * 1e6)))
}

function attributesFrom(attributes: Readonly<Record<string, string | number | boolean>>): OtlpAttribute[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: valueFrom(value) }))
}

function valueFrom(value: string | number | boolean): OtlpValue {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  return Number.isInteger(value) ? { intValue: value } : { doubleValue: value }
}

/** These spans, as one trace. */
export function traceFrom(spans: readonly SpanInWords[]): Trace {
  return readTrace(traceIdOf(), spansOf(documentFrom(spans)).records)
}
