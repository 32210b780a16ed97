import type { IncomingHttpHeaders } from 'node:http'

import { type CaptureHeaders, captureHeadersRule } from './captured-headers.ts'
import { aListOfStrings, type OptionRules } from './options.ts'
import type { TracingOptions } from './settings.ts'

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
export interface HttpServerOptions<Request> extends TracingOptions<HttpServerRecord<Request>> {
  /** Query keys whose values are replaced by `REDACTED`; replaces the default list. */
  readonly sensitiveQueryKeys?: readonly string[] | undefined
  /** Headers that become attributes; usual secrets stay masked unless named in `unmasked`. Default: none. */
  readonly captureHeaders?: CaptureHeaders | undefined
}

export const HTTP_SERVER_RULES: OptionRules = {
  sensitiveQueryKeys: aListOfStrings,
  captureHeaders: captureHeadersRule,
}
