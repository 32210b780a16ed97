import {
  type Context,
  type Meter,
  type MeterProvider,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  type TextMapPropagator,
  trace,
  TraceFlags,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api'
import { BasicTracerProvider, type Sampler, type SpanProcessor } from '@opentelemetry/sdk-trace-base'

/** Options that every entry point takes. */
export interface HostileOptions {
  readonly tracerProvider?: TracerProvider
  readonly meterProvider?: MeterProvider
  readonly propagator?: TextMapPropagator
  readonly ignore?: () => never
  readonly attributes?: () => never
  readonly onStart?: () => never
  readonly onEnd?: () => never
  readonly metrics?: { readonly attributes: () => never }
}

/** Telemetry that throws or returns wrong values in one way. */
export interface Fault {
  readonly name: string
  readonly options: HostileOptions
  /** Context that the application runs in. */
  readonly active: Context
}

const IDS: SpanContext = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: TraceFlags.SAMPLED,
}

export function breaking(): never {
  throw new Error('telemetry broke')
}

/** An object that throws whatever is done with it. */
export const broken: object = new Proxy(
  function nothing() {},
  Object.fromEntries(Reflect.ownKeys(Reflect).map(trap => [trap, breaking])),
)

/** Values of the wrong kind. */
export const LIES: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['a number', 5],
  ['a string', 'lie'],
  ['an empty object', {}],
  ['a promise', Promise.resolve()],
  ['a symbol', Symbol('lie')],
  ['an array', [1, null]],
  ['an object that throws', broken],
]

/** Fewer for spans, which are tried twice: as those of the tracer, and as the active one. */
const LIES_OF_SPANS: ReadonlySet<string> = new Set(['undefined', 'an empty object', 'an object that throws'])

const SPAN_METHODS = [
  'spanContext',
  'isRecording',
  'setAttribute',
  'setAttributes',
  'addEvent',
  'addLink',
  'addLinks',
  'setStatus',
  'updateName',
  'recordException',
  'end',
] as const

/** A span of another SDK. */
function spanWith(methods: Readonly<Record<string, unknown>>): Span {
  const span: Record<string, unknown> = {}
  for (const name of SPAN_METHODS) span[name] = () => span
  return Object.assign(span, {
    spanContext: () => IDS,
    isRecording: () => true,
    ...methods,
  }) as unknown as Span
}

function providerOf(startSpan: () => unknown): TracerProvider {
  const tracer = { startSpan, startActiveSpan: breaking } as unknown as Tracer
  return { getTracer: () => tracer }
}

/** Works for a number of calls, and then throws. */
function breakingAfter<T>(calls: number, answer: T): () => T {
  let left = calls
  return () => (left-- > 0 ? answer : breaking())
}

const inTrace = (span: unknown): Context => trace.setSpan(ROOT_CONTEXT, span as Span)

function* spanFaults(): Generator<readonly [string, () => unknown]> {
  for (const name of SPAN_METHODS) yield [`whose ${name}() throws`, () => spanWith({ [name]: breaking })]
  yield [
    'that throws in every call',
    () => {
      const all = Object.fromEntries(SPAN_METHODS.map(name => [name, breaking]))
      return spanWith({ ...all, spanContext: () => IDS, isRecording: () => true })
    },
  ]
  for (const calls of [1, 2, 4]) {
    yield [`whose ids can be read ${calls} times`, () => spanWith({ spanContext: breakingAfter(calls, IDS) })]
  }
  for (const [lie, value] of LIES.filter(([name]) => LIES_OF_SPANS.has(name))) {
    yield [`whose ids are ${lie}`, () => spanWith({ spanContext: () => value })]
    yield [`that records ${lie}`, () => spanWith({ isRecording: () => value })]
    yield [`that is ${lie}`, () => value]
  }
}

function processor(methods: Partial<SpanProcessor>): TracerProvider {
  const quiet = { onStart() {}, onEnd() {}, async forceFlush() {}, async shutdown() {} }
  return new BasicTracerProvider({ spanProcessors: [{ ...quiet, ...methods }] })
}

function* providerFaults(): Generator<readonly [string, TracerProvider]> {
  yield ['a provider that throws', { getTracer: breaking }]
  yield ['a tracer that throws', providerOf(breaking)]
  yield ['a span processor that throws at the start', processor({ onStart: breaking })]
  yield ['a span processor that throws at the end', processor({ onEnd: breaking })]
  yield ['a sampler that throws', new BasicTracerProvider({ sampler: { shouldSample: breaking } })]
  for (const [lie, value] of LIES) {
    const sampler = { shouldSample: () => value } as unknown as Sampler
    yield [`a sampler that returns ${lie}`, new BasicTracerProvider({ sampler })]
    yield [`a provider that returns ${lie}`, { getTracer: () => value as Tracer }]
  }
  for (const [name, span] of spanFaults()) yield [`a span ${name}`, providerOf(span)]
}

function* meterFaults(): Generator<readonly [string, MeterProvider]> {
  yield ['a meter provider that throws', { getMeter: breaking }]
  const instruments = (instrument: unknown): Meter => new Proxy({} as Meter, { get: () => () => instrument })
  yield ['a meter that throws', { getMeter: () => new Proxy({} as Meter, { get: () => breaking }) }]
  yield [
    'an instrument that throws',
    { getMeter: () => instruments({ record: breaking, add: breaking, addCallback: breaking }) },
  ]
  for (const [lie, value] of LIES) {
    yield [`a meter provider that returns ${lie}`, { getMeter: () => value as Meter }]
    yield [`a meter that creates ${lie}`, { getMeter: () => instruments(value) }]
  }
}

export function* propagatorFaults(): Generator<readonly [string, TextMapPropagator]> {
  const quiet: TextMapPropagator = { inject() {}, extract: context => context, fields: () => ['traceparent'] }
  yield ['a propagator that throws', { inject: breaking, extract: breaking, fields: breaking }]
  for (const method of ['inject', 'extract', 'fields'] as const) {
    yield [`a propagator whose ${method}() throws`, { ...quiet, [method]: breaking }]
  }
  for (const [lie, value] of LIES) {
    yield [`a propagator that extracts ${lie}`, { ...quiet, extract: () => value as Context }]
    yield [`a propagator whose fields are ${lie}`, { ...quiet, fields: () => value as string[] }]
    yield [
      `a propagator that writes ${lie}`,
      {
        ...quiet,
        inject(_context, carrier, setter) {
          setter.set(carrier, 'traceparent', value as string)
          setter.set(carrier, value as string, 'value')
        },
      },
    ]
  }
  yield [
    'a propagator that reads an invalid name',
    {
      ...quiet,
      extract(context, carrier, getter) {
        getter.keys(carrier)
        getter.get(carrier, undefined as unknown as string)
        return context
      },
    },
  ]
}

const HOOKS = ['ignore', 'attributes', 'onStart', 'onEnd'] as const

function* hookFaults(): Generator<readonly [string, HostileOptions]> {
  for (const hook of HOOKS) yield [`a hook ${hook} that throws`, { [hook]: breaking }]
  yield ['a hook metrics.attributes that throws', { metrics: { attributes: breaking } }]
  yield ['hooks that reject', everyHook(() => Promise.reject(new Error('telemetry broke')))]
  for (const [lie, value] of LIES) {
    // Ignored work is not traced, and the other hooks would not be called.
    yield [`hooks that return ${lie}`, { ...everyHook(() => value), ignore: (() => undefined) as never }]
    yield [`a hook ignore that returns ${lie}`, { ignore: (() => value) as never }]
    yield [
      `a hook attributes that returns an attribute that is ${lie}`,
      { attributes: (() => ({ lie: value })) as never },
    ]
  }
}

function everyHook(hook: () => unknown): HostileOptions {
  const all = Object.fromEntries(HOOKS.map(name => [name, hook]))
  return { ...all, metrics: { attributes: hook as () => never } }
}

/** Every failure of telemetry that isn't specific to one entry point. */
export function everyFault(): readonly Fault[] {
  const faults: Fault[] = []
  const add = (name: string, options: HostileOptions, active = ROOT_CONTEXT): void =>
    void faults.push({
      name,
      options: { tracerProvider: providerOf(() => spanWith({})), ...options },
      active,
    })
  for (const [name, tracerProvider] of providerFaults()) add(name, { tracerProvider })
  for (const [name, meterProvider] of meterFaults()) add(name, { meterProvider })
  for (const [name, propagator] of propagatorFaults()) add(name, { propagator })
  for (const [name, options] of hookFaults()) add(name, options)
  for (const [name, span] of spanFaults()) add(`an active span ${name}`, {}, inTrace(span()))
  return faults
}
