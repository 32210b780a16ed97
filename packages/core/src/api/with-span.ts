import type { Attributes, Context, Link, Span, TracerProvider } from '@opentelemetry/api'
import { context, INVALID_SPAN_CONTEXT, SpanKind, trace } from '@opentelemetry/api'

import { attempt } from '../host/guard.ts'
import { aBoolean, anObjectWith, checkOptions, oneOf, type OptionRules, show } from '../host/options.ts'
import { Operation } from '../operation/operation.ts'
import { runToEnd } from '../operation/run-to-end.ts'
import { Settings } from '../operation/settings.ts'
import { VERSION } from '../version.ts'

/** Options of {@link withSpan}. */
export interface WithSpanOptions {
  /** Kind of the span. Default: `SpanKind.INTERNAL`. */
  readonly kind?: SpanKind | undefined
  /** Attributes at span start. Default: none. */
  readonly attributes?: Attributes | undefined
  /** Links to related spans other than the parent, as returned by `linkTo()`. Default: none. */
  readonly links?: readonly (Link | undefined)[] | undefined
  /** Context of the parent span. Default: the active context. */
  readonly parent?: Context | undefined
  /** True: start a new trace. Default: false. */
  readonly root?: boolean | undefined
  /** Used instead of the global tracer provider. Default: the global one, read late. */
  readonly tracerProvider?: TracerProvider | undefined
  /** Whether to record an exception event in addition to status and `error.type`. Default: true. */
  readonly recordExceptions?: boolean | undefined
  /** `'raw'`: record messages of library errors, which may quote values, unchanged. Default: `'masked'`. */
  readonly errorMessages?: 'masked' | 'raw' | undefined
}

const anyObject = { expected: 'an object', accepts: (v: unknown) => typeof v === 'object' && v !== null }

const RULES: OptionRules = {
  kind: { expected: 'a SpanKind', accepts: v => typeof v === 'number' && SpanKind[v] !== undefined },
  attributes: anyObject,
  links: { expected: 'an array of links', accepts: Array.isArray },
  parent: anObjectWith('a Context', 'getValue', 'setValue'),
  root: aBoolean,
  tracerProvider: anObjectWith('a TracerProvider', 'getTracer'),
  recordExceptions: aBoolean,
  errorMessages: oneOf('masked', 'raw'),
}

/**
 * Runs a function in a new span, for work of the application that no traced library call covers.
 *
 * The span ends when the function returns or throws, or when the promise it returned settles. A thrown error is
 * recorded on the span and rethrown.
 * @param name span name, of low cardinality
 * @param fn the work; receives the span
 * @returns what the function returned
 * @throws TypeError when the name, the function or an option is of the wrong type, or an option is unknown
 */
export function withSpan<T>(name: string, fn: (span: Span) => T, options: WithSpanOptions = {}): T {
  if (typeof name !== 'string' || name === '') {
    throw new TypeError(`withSpan(): the name must be a non-empty string; got ${show(name)}`)
  }
  if (typeof fn !== 'function') throw new TypeError(`withSpan(): expected a function to run; got ${show(fn)}`)
  checkOptions('withSpan()', options, RULES)
  const operation = attempt('starting a span', start, name, options)
  if (!operation) return fn(trace.wrapSpanContext(INVALID_SPAN_CONTEXT))
  const { span } = operation
  return runToEnd(operation, () => fn(span))
}

function start(name: string, options: WithSpanOptions): Operation<never> {
  const settings = settingsFor(options)
  settings.use.operations += 1
  return new Operation(settings, {
    kind: options.kind ?? SpanKind.INTERNAL,
    name,
    attributes: { ...options.attributes },
    parent: options.parent ?? context.active(),
    links: options.links?.filter(link => link !== undefined),
    root: options.root,
  })
}

const ENTRY = { scope: { name: '@spanwright/core', version: VERSION }, caller: 'withSpan()' }

// Settings are created once per provider, because withSpan() is called for every span. ENTRY is the key for the global
// one.
const KNOWN: Readonly<Record<string, WeakMap<object, Settings<never>>>> = {
  masked: new WeakMap(),
  raw: new WeakMap(),
  'masked without exceptions': new WeakMap(),
  'raw without exceptions': new WeakMap(),
}

function settingsFor(options: WithSpanOptions): Settings<never> {
  const { tracerProvider, recordExceptions = true, errorMessages = 'masked' } = options
  const known = KNOWN[recordExceptions ? errorMessages : `${errorMessages} without exceptions`]
  const key = tracerProvider ?? ENTRY
  let settings = known?.get(key)
  if (!settings) {
    settings = new Settings<never>(ENTRY, { tracerProvider, recordExceptions, errorMessages })
    known?.set(key, settings)
  }
  return settings
}
