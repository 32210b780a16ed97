import {
  type Attributes,
  type AttributeValue,
  type Context,
  type HrTime,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  type SpanStatus,
  trace,
  type Tracer,
} from '@opentelemetry/api'
import * as fc from 'fast-check'

import { MemberList } from '../../src/propagation/trace-state.ts'

// Random calls on a span, which can be repeated on the spans of two SDKs.

type Step =
  | { readonly do: 'attribute'; readonly key: string; readonly value: AttributeValue }
  | { readonly do: 'attributes'; readonly attributes: Attributes }
  | { readonly do: 'event'; readonly name: string; readonly attributes: Attributes; readonly time: HrTime }
  | { readonly do: 'link'; readonly link: Link }
  | { readonly do: 'status'; readonly status: SpanStatus }
  | { readonly do: 'name'; readonly name: string }

/** The life of a span. */
export interface Script {
  readonly name: string
  readonly kind: number
  readonly parent: SpanContext | undefined
  readonly attributes: Attributes
  readonly links: Link[]
  readonly start: HrTime
  readonly steps: readonly Step[]
  readonly end: HrTime
}

/** Any string, including lone surrogates, with lengths around those whose encoding takes another byte. */
const aText = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 60 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 60 }) },
  {
    weight: 1,
    arbitrary: fc
      .array(fc.integer({ max: 0xffff, min: 0 }), { maxLength: 50 })
      .map(codes => String.fromCharCode(...codes)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom('a', 'é', '€', '🦊', '\u{d83e}'),
        fc.constantFrom(39, 40, 41, 42, 125, 126, 127, 128, 5000, 16_383),
      )
      .map(([unit, count]) => unit.repeat(count)),
  },
)

const aNumber = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(
    Number.NaN,
    Infinity,
    -Infinity,
    0,
    -0,
    2 ** 53,
    2 ** 63,
    -(2 ** 63),
    2 ** 64,
    -1,
    127,
    128,
    2 ** 31,
    2 ** 32,
  ),
)

const aValue: fc.Arbitrary<AttributeValue> = fc.oneof(
  { weight: 3, arbitrary: aText },
  { weight: 2, arbitrary: aNumber },
  fc.boolean(),
  fc.array(fc.option(aText, { nil: null }), { maxLength: 5 }),
  fc.array(fc.option(aNumber, { nil: undefined }), { maxLength: 5 }),
  fc.array(fc.boolean(), { maxLength: 200 }),
)

// The SDK loses an attribute of the name `__proto__`.
const aKey = fc
  .oneof(fc.constantFrom('a', 'http.route', 'toString', 'schlüssel'), aText)
  .filter(key => key !== '__proto__')

/** Values that API 1.10 allows, nested to any depth. */
export const aNestedValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    aText,
    aNumber,
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(fc.oneof(tie('value'), fc.constant(undefined)), { maxLength: 5 }),
    fc.dictionary(aKey, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
})).value

const someAttributes: fc.Arbitrary<Attributes> = fc.dictionary(aKey, aValue, {
  maxKeys: 8,
  noNullPrototype: true,
})

const aTime: fc.Arbitrary<HrTime> = fc.tuple(
  fc.integer({ min: 0, max: 2 ** 33 }),
  fc.integer({ min: 0, max: 999_999_999 }),
)

const hex = (length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'.split('')), { minLength: length - 1, maxLength: length - 1 })
    .map(digits => `1${digits.join('')}`)

const aSpanContext: fc.Arbitrary<SpanContext> = fc
  .record({
    traceId: hex(32),
    spanId: hex(16),
    state: fc.constantFrom('', 'k=v'),
    isRemote: fc.boolean(),
  })
  .map(({ traceId, spanId, state, isRemote }) => ({
    traceId,
    spanId,
    traceFlags: 1,
    isRemote,
    ...(state !== '' && { traceState: new MemberList().set('k', 'v') }),
  }))

const aLink: fc.Arbitrary<Link> = fc.record({ context: aSpanContext, attributes: someAttributes })

const aStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('attribute' as const), key: aKey, value: aValue }),
  fc.record({ do: fc.constant('attributes' as const), attributes: someAttributes }),
  fc.record({ do: fc.constant('event' as const), name: aText, attributes: someAttributes, time: aTime }),
  fc.record({ do: fc.constant('link' as const), link: aLink }),
  fc.record({
    do: fc.constant('status' as const),
    status: fc.record({ code: fc.constantFrom(0, 1, 2), message: aText }),
  }),
  fc.record({ do: fc.constant('name' as const), name: aText }),
)

export const aScript: fc.Arbitrary<Script> = fc.record({
  name: aText,
  kind: fc.integer({ min: 0, max: 4 }),
  parent: fc.option(aSpanContext, { nil: undefined }),
  attributes: someAttributes,
  links: fc.array(aLink, { maxLength: 3 }),
  start: aTime,
  steps: fc.array(aStep, { maxLength: 12 }),
  end: aTime,
})

/** Plays a script on a span of a tracer. */
export function play(
  tracer: Tracer,
  { name, kind, parent, attributes, links, start, steps, end }: Script,
): Span {
  const context: Context = parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT
  const span = tracer.startSpan(name, { kind, attributes, links, startTime: start }, context)
  for (const step of steps) take(span, step)
  span.end(end)
  return span
}

function take(span: Span, step: Step): void {
  if (step.do === 'attribute') span.setAttribute(step.key, step.value)
  else if (step.do === 'attributes') span.setAttributes(step.attributes)
  else if (step.do === 'event') span.addEvent(step.name, step.attributes, step.time)
  else if (step.do === 'link') span.addLink(step.link)
  else if (step.do === 'status') span.setStatus(step.status)
  else span.updateName(step.name)
}
