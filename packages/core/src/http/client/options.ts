import type { Attributes } from '@opentelemetry/api'

import { type CaptureHeaders, captureHeadersRule } from '../attributes.ts'
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

/** A request as passed to the hooks of an HTTP client. */
export interface HttpClientRecord {
  readonly method: string
  /** Absolute URL, not redacted. */
  readonly url: string
  /** Headers set by the caller, with lower-case names. */
  readonly headers: Readonly<Record<string, string | string[]>>
}

/** Low-cardinality path of a request, or a function that returns it. */
type UrlTemplate = string | ((operation: HttpClientRecord) => string | undefined)

/** Options that every HTTP client shares. */
export interface HttpClientOptions extends Omit<TracingOptions<HttpClientRecord>, 'metrics'> {
  /** False: no metrics. Default: true. */
  readonly metrics?: boolean | HttpClientMetricsOptions<HttpClientRecord> | undefined
  /**
   * Which hosts are sent the context: all, none, an array of hosts (`example.com`, `example.com:8080`), origins and
   * regular expressions (tested against the origin), or a function of the URL. Spans are created for all hosts.
   * Default: true.
   */
  readonly propagateTo?: PropagateTo | undefined
  /** Whether to keep or replace a context already in the headers. Default: `'keep'`. */
  readonly existingContext?: 'keep' | 'replace' | undefined
  /** Low-cardinality path such as `/items/{id}`, for `url.template` and the span name. Default: none. */
  readonly urlTemplate?: UrlTemplate | undefined
  /** Whether to record each stage on the wire as an event. Default: false. */
  readonly stages?: boolean | undefined
  /** Headers recorded as attributes. Default: none. */
  readonly captureHeaders?: CaptureHeaders | undefined
  /**
   * Query keys whose values are replaced by `REDACTED` in `url.full`. Default: those of the semantic conventions and
   * common names of secrets; a given array replaces them.
   */
  readonly sensitiveQueryKeys?: readonly string[] | undefined
}

/** Options of one call; each takes precedence over the options of the entry point. */
export interface PerCall {
  /** Whether the context is sent; true applies to the host and port of the call, not to others a redirect leads to. */
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
