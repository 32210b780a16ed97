import type {
  Attributes,
  Meter,
  MeterProvider,
  Span,
  TextMapPropagator,
  Tracer,
  TracerProvider,
} from '@opentelemetry/api'
import { metrics, trace } from '@opentelemetry/api'

import { debugAtExit } from '../doctor/debug.ts'
import { countEntryPoint, type EntryPointCounter } from '../doctor/entry-points.ts'
import { say } from '../host/diagnostics.ts'
import { hasProvider } from '../host/span.ts'
import {
  aBoolean,
  aFunction,
  anObjectWith,
  anyOf,
  aRecordOf,
  checkOptions,
  frozenOptions,
  oneOf,
  type OptionRules,
  show,
} from '../host/options.ts'
import type { Outcome } from './outcome.ts'
import { SCHEMA_URL } from '../semconv/attributes.ts'
import { legacyTranslatorOf, type SemconvArea, translatorOf } from '../semconv/legacy.ts'

/** Which attribute vocabulary is written: the latest names, those before the stable conventions, or both. */
export type Semconv = 'latest' | 'legacy' | 'both'

/** Values of the `metrics` option. */
export interface MetricsOptions<Described> {
  /** Returns low-cardinality attributes to add to the metrics. Default: none. */
  readonly attributes?: ((operation: Described, outcome: Outcome) => Attributes | undefined) | undefined
}

/** Options shared by every entry point. `Described` is the record passed to its hooks. */
export interface TracingOptions<Described> {
  /** Used instead of the global one. Default: the global one, read late. */
  readonly tracerProvider?: TracerProvider | undefined
  /** Used instead of the global one. Default: the global one, read late. */
  readonly meterProvider?: MeterProvider | undefined
  /** Used instead of the global one. Default: the global one, read late. */
  readonly propagator?: TextMapPropagator | undefined
  /**
   * Attribute vocabulary. Default: `SPANWRIGHT_SEMCONV`, otherwise `OTEL_SEMCONV_STABILITY_OPT_IN`, otherwise `latest`.
   */
  readonly semconv?: Semconv | undefined
  /** True: no span, no metric, no injection. Default: nothing is ignored. */
  readonly ignore?: ((operation: Described) => boolean) | undefined
  /** Whether to trace only inside an existing trace. Default: false. */
  readonly requireParent?: boolean | undefined
  /** Returns extra attributes at span start, visible to samplers. Default: none. */
  readonly attributes?: ((operation: Described) => Attributes | undefined) | undefined
  /** Called after the span was started. Default: none. */
  readonly onStart?: ((span: Span, operation: Described) => void) | undefined
  /** Called before the span is ended. Default: none. */
  readonly onEnd?: ((span: Span, operation: Described, outcome: Outcome) => void) | undefined
  /** False: no metrics. Default: true. */
  readonly metrics?: boolean | MetricsOptions<Described> | undefined
  /** Whether to record exception events in addition to status and `error.type`. Default: true. */
  readonly recordExceptions?: boolean | undefined
  /**
   * What to record of errors created by a traced library, Node or the JavaScript engine, or of errors that carry one.
   * `'masked'`: class, code and condition name; `'raw'`: the unchanged message, which may quote values. Messages of the
   * application's own errors are always recorded. Default: `'masked'`.
   */
  readonly errorMessages?: 'masked' | 'raw' | undefined
}

/** Name and version of the package that creates the spans. */
export interface Scope {
  readonly name: string
  readonly version: string
}

/** How an entry point describes itself when it resolves its options. */
export interface EntryPoint {
  readonly scope: Scope
  /** The function the user called, for error messages: `tracing()`. */
  readonly caller: string
  /** Semantic convention area of the attributes; absent for spans with only the user's own attributes. */
  readonly area?: SemconvArea
  /** Options of this entry point in addition to the shared ones. */
  readonly rules?: OptionRules
  /** Properties of `metrics` in addition to `attributes`. */
  readonly metricsRules?: OptionRules
}

const SHARED_RULES: OptionRules = {
  tracerProvider: anObjectWith('a TracerProvider', 'getTracer'),
  meterProvider: anObjectWith('a MeterProvider', 'getMeter'),
  propagator: anObjectWith('a TextMapPropagator', 'inject', 'extract', 'fields'),
  semconv: oneOf('latest', 'legacy', 'both'),
  ignore: aFunction,
  requireParent: aBoolean,
  attributes: aFunction,
  onStart: aFunction,
  onEnd: aFunction,
  recordExceptions: aBoolean,
  errorMessages: oneOf('masked', 'raw'),
}

/** Options, read and frozen once per factory call. */
export class Settings<Described, Options extends TracingOptions<Described> = TracingOptions<Described>> {
  readonly scope: Scope
  /** Counts the operations the entry point is asked to trace, for reports. */
  readonly use: EntryPointCounter
  /** The given options, as a frozen copy. */
  readonly options: Options
  readonly semconv: Semconv
  /** Translates finished attributes to the vocabulary; absent for the latest one. */
  readonly translate: ((attributes: Attributes) => Attributes) | undefined
  /** Translates finished attributes to legacy names only, for metrics that have a legacy counterpart. */
  readonly translateLegacy: (attributes: Attributes) => Attributes
  readonly recordExceptions: boolean
  /** True: error messages are recorded unchanged. */
  readonly rawErrors: boolean
  readonly requireParent: boolean
  readonly metrics: boolean
  readonly metricAttributes: MetricsOptions<Described>['attributes'] | undefined
  /** True when there is a hook that receives the operation. Otherwise no record is built. */
  readonly hasHooks: boolean
  /** Schema of the attribute names; legacy and mixed names have none. */
  private readonly schema: { readonly schemaUrl: string } | undefined
  private tracerSource: TracerProvider | undefined
  private lateTracer: Tracer | undefined

  /** @throws TypeError when an option is unknown or of the wrong type */
  constructor(entry: EntryPoint, given: Options = {} as Options) {
    const metricsRule = anyOf(aBoolean, aRecordOf({ attributes: aFunction, ...entry.metricsRules }))
    const rules = { ...SHARED_RULES, metrics: metricsRule, ...entry.rules }
    const options = frozenOptions(given, rules)
    checkOptions(entry.caller, options, rules)
    this.use = countEntryPoint(entry, options.tracerProvider === undefined)
    debugAtExit()
    this.scope = entry.scope
    this.options = options
    const { area } = entry
    this.semconv = options.semconv ?? (area ? semconvFromEnvironment(area) : 'latest')
    this.schema = this.semconv === 'latest' ? LATEST_SCHEMA : undefined
    this.translate = area && translatorOf(area, this.semconv)
    this.translateLegacy = area ? legacyTranslatorOf(area) : asIs
    this.recordExceptions = options.recordExceptions ?? true
    this.rawErrors = options.errorMessages === 'raw'
    this.requireParent = options.requireParent ?? false
    this.metrics = options.metrics !== false
    this.metricAttributes = typeof options.metrics === 'object' ? options.metrics.attributes : undefined
    const { ignore, attributes, onStart, onEnd } = options
    this.hasHooks = Boolean(ignore ?? attributes ?? onStart ?? onEnd ?? this.metricAttributes)
  }

  /** The tracer of the provider that is registered now. */
  get tracer(): Tracer {
    const provider = this.options.tracerProvider ?? trace.getTracerProvider()
    if (provider !== this.tracerSource || !this.lateTracer) {
      this.tracerSource = provider
      this.lateTracer = provider.getTracer(this.scope.name, this.scope.version, this.schema)
    }
    return this.lateTracer
  }

  /** False when no SDK is registered, so span attributes are never recorded. */
  get hasTracerProvider(): boolean {
    return this.options.tracerProvider !== undefined || hasProvider()
  }

  /** The meter provider that is registered now. */
  get meterProvider(): MeterProvider {
    return this.options.meterProvider ?? metrics.getMeterProvider()
  }

  /** A meter of this package from a provider. */
  meterFrom(provider: MeterProvider): Meter {
    return provider.getMeter(this.scope.name, this.scope.version, this.schema)
  }
}

const LATEST_SCHEMA = { schemaUrl: SCHEMA_URL }

const asIs = (attributes: Attributes): Attributes => attributes

/** `SPANWRIGHT_SEMCONV`, otherwise the category in `OTEL_SEMCONV_STABILITY_OPT_IN`, otherwise the latest names. */
function semconvFromEnvironment(area: SemconvArea): Semconv {
  const own = process.env['SPANWRIGHT_SEMCONV']?.trim()
  if (own === 'latest' || own === 'legacy' || own === 'both') return own
  if (own)
    say(
      'warn',
      `spanwright: SPANWRIGHT_SEMCONV must be 'latest', 'legacy' or 'both'; got ${show(own)}, ignored`,
    )
  const optIn = (process.env['OTEL_SEMCONV_STABILITY_OPT_IN'] ?? '').toLowerCase()
  const category = OPT_IN_CATEGORY[area]
  return optIn.split(',').some(item => item.trim() === `${category}/dup`) ? 'both' : 'latest'
}

const OPT_IN_CATEGORY: Record<SemconvArea, string> = {
  'http.server': 'http',
  'http.client': 'http',
  database: 'database',
  messaging: 'messaging',
  'rpc.server': 'rpc',
  'rpc.client': 'rpc',
}
