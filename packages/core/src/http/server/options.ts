import type { IncomingHttpHeaders } from 'node:http'

import { type CaptureHeaders, captureHeadersRule } from '../captured-headers.ts'
import { exposeRule } from './response/exposed-trace.ts'
import type { HttpServerMetricsOptions } from './metrics.ts'
import { type ParentPolicy, parentRule } from './incoming-context.ts'
import type { LayerOptions } from './layers.ts'
import { aBoolean, aListOfStrings, type OptionRules } from '../../host/options.ts'
import type { TracingOptions } from '../../operation/settings.ts'

/** A request as the hooks of an HTTP server are shown it. */
export interface HttpServerRecord<Request> {
  /** Method as it was sent. */
  readonly method: string
  /** Request target as it was sent: path and query, not redacted. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** What the framework hands to its handlers: `req` of Express, `ctx` of Koa. */
  readonly request: Request
}

/** Options that every HTTP server plugin has. */
export interface HttpServerOptions<Request>
  extends Omit<TracingOptions<HttpServerRecord<Request>>, 'metrics'>, LayerOptions {
  /** False: no metrics. Default: true. */
  readonly metrics?: boolean | HttpServerMetricsOptions<HttpServerRecord<Request>> | undefined
  /**
   * What is done with the context a caller sent. Default: `trust`.
   * A function that throws, or returns anything else, ignores it.
   */
  readonly parent?: ParentPolicy | ((request: Request) => ParentPolicy) | undefined
  /**
   * How the caller is told the trace: `traceresponse`, `server-timing`, or the name of a header that gets the trace
   * id. Default: not at all.
   */
  readonly expose?: string | undefined
  /** Whether the first byte of the response becomes the event `spanwright.response.start`. Default: false. */
  readonly stages?: boolean | undefined
  /** Whether open requests are ended as unfinished when the process gets SIGTERM. Default: false. */
  readonly endOnShutdown?: boolean | undefined
  /** Query keys whose values are replaced by `REDACTED`; replaces the default list. */
  readonly sensitiveQueryKeys?: readonly string[] | undefined
  /** Headers that become attributes; usual secrets stay masked unless named in `unmasked`. Default: none. */
  readonly captureHeaders?: CaptureHeaders | undefined
}

export const HTTP_SERVER_RULES: OptionRules = {
  sensitiveQueryKeys: aListOfStrings,
  captureHeaders: captureHeadersRule,
  parent: parentRule,
  expose: exposeRule,
  stages: aBoolean,
  endOnShutdown: aBoolean,
}
