import type { IncomingHttpHeaders } from 'node:http'

import { type CaptureHeaders, captureHeadersRule } from '../attributes.ts'
import { exposeRule } from './response/exposed-trace.ts'
import type { HttpServerMetricsOptions } from './metrics.ts'
import { type ParentPolicy, parentRule } from '../../operation/incoming-context.ts'
import type { LayerOptions } from './layers.ts'
import { aBoolean, aFunction, aListOfStrings, type OptionRules } from '../../host/options.ts'
import type { TracingOptions } from '../../operation/settings.ts'

/** A request as passed to the hooks of an HTTP server. */
export interface HttpServerRecord<Request> {
  /** Method as sent. */
  readonly method: string
  /** Request target as sent: path and query, not redacted. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** The framework's own request object: `req` of Express, `ctx` of Koa. */
  readonly request: Request
}

/** Options shared by every HTTP server plugin. */
export interface HttpServerOptions<Request>
  extends Omit<TracingOptions<HttpServerRecord<Request>>, 'metrics'>, LayerOptions {
  /** False: no metrics. Default: true. */
  readonly metrics?: boolean | HttpServerMetricsOptions<HttpServerRecord<Request>> | undefined
  /**
   * Route pattern of a request, of low cardinality, from a framework that does its own routing. Called when the response
   * begins, and only when neither the router nor `setRoute()` gives a route. A throw is reported to `diag`; anything but a
   * non-empty string gives no route. Default: none.
   */
  readonly route?: ((request: Request) => string | undefined) | undefined
  /**
   * How to treat the caller's context. Default: `trust`. A function that throws, or returns any other value, means
   * `ignore`.
   */
  readonly parent?: ParentPolicy | ((request: Request) => ParentPolicy) | undefined
  /**
   * How the trace is reported to the caller: `traceresponse`, `server-timing`, or the name of a header to hold the
   * trace id. Default: off.
   */
  readonly expose?: string | undefined
  /** Whether to record the first byte of the response as the event `spanwright.response.start`. Default: false. */
  readonly stages?: boolean | undefined
  /** Whether to end the spans of open requests on SIGTERM, with `error.type` `unfinished`. Default: false. */
  readonly endOnShutdown?: boolean | undefined
  /**
   * Query keys whose values are replaced by `REDACTED`. Default: those of the semantic conventions and common names of
   * secrets; a given array replaces them.
   */
  readonly sensitiveQueryKeys?: readonly string[] | undefined
  /**
   * Headers recorded as attributes; headers that usually hold secrets are masked unless named in `unmasked`. Default:
   * none.
   */
  readonly captureHeaders?: CaptureHeaders | undefined
}

export const HTTP_SERVER_RULES: OptionRules = {
  sensitiveQueryKeys: aListOfStrings,
  captureHeaders: captureHeadersRule,
  parent: parentRule,
  route: aFunction,
  expose: exposeRule,
  stages: aBoolean,
  endOnShutdown: aBoolean,
}
