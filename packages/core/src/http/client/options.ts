import type { Attributes } from '@opentelemetry/api'

import { type CaptureHeaders, captureHeadersRule } from '../captured-headers.ts'
import type { HttpClientMetricsOptions } from './metrics.ts'
import {
  aBoolean,
  aFunction,
  aListOfStrings,
  anyOf,
  aString,
  oneOf,
  type OptionRules,
} from '../../host/options.ts'
import { type PropagateTo, propagateToRule } from './policy.ts'
import type { TracingOptions } from '../../operation/settings.ts'

/** What the hooks of an HTTP client are shown of a request. */
export interface HttpClientRecord {
  readonly method: string
  /** Absolute, and not redacted. */
  readonly url: string
  /** As the caller set them, with lower-case names. */
  readonly headers: Readonly<Record<string, string | string[]>>
}

/** Low-cardinality path of a request: a text, or a function that tells it. */
type UrlTemplate = string | ((operation: HttpClientRecord) => string | undefined)

/** Options that every HTTP client shares. */
export interface HttpClientOptions extends Omit<TracingOptions<HttpClientRecord>, 'metrics'> {
  /** False: no metrics. Default: true. */
  readonly metrics?: boolean | HttpClientMetricsOptions<HttpClientRecord> | undefined
  /**
   * Which hosts are sent the context: all, none, a list of hosts (`example.com`, `example.com:8080`), origins and
   * regular expressions (tested against the origin), or a function of the URL. Spans are made for all. Default: true.
   */
  readonly propagateTo?: PropagateTo | undefined
  /** What becomes of a context the caller already put into the headers. Default: `'keep'`. */
  readonly existingContext?: 'keep' | 'replace' | undefined
  /** Low-cardinality path such as `/items/{id}`, for `url.template` and the name of the span. Default: none. */
  readonly urlTemplate?: UrlTemplate | undefined
  /** Whether each stage on the wire becomes an event of the span. Default: false. */
  readonly stages?: boolean | undefined
  /** Headers that become attributes. Default: none. */
  readonly captureHeaders?: CaptureHeaders | undefined
  /** Query keys whose values are hidden in `url.full`; replaces the default list of the convention. */
  readonly sensitiveQueryKeys?: readonly string[] | undefined
}

/** What one call says for itself; each part wins over the options. */
export interface PerCall {
  /** Whether the context is sent; true counts for the place that is asked, not for where a redirect leads. */
  readonly propagate?: boolean | undefined
  /** Extra attributes at span start. */
  readonly attributes?: Attributes | undefined
  /** Name of the span. */
  readonly name?: string | undefined
  /** True: no span, no metric, no injection. */
  readonly ignore?: boolean | undefined
  /** Low-cardinality path such as `/items/{id}`. */
  readonly urlTemplate?: UrlTemplate | undefined
}

export const HTTP_CLIENT_RULES: OptionRules = {
  propagateTo: propagateToRule,
  existingContext: oneOf('keep', 'replace'),
  urlTemplate: anyOf(aString, aFunction),
  stages: aBoolean,
  captureHeaders: captureHeadersRule,
  sensitiveQueryKeys: aListOfStrings,
}
