import { HttpServer, type HttpServerOptions, type ServerRequest } from '@spanwright/core/plugin'

import { VERSION } from '../version.ts'
import { plainFramework } from './framework.ts'
import { type TrustProxy, trustProxyRule } from './proxies.ts'

/** A listener has no middleware. */
type OfLayers = 'layers' | 'layerThreshold' | 'ignoreLayers'

/** Options of {@link traceServer} and {@link traceListener}. */
export interface ServerTracingOptions extends Omit<HttpServerOptions<ServerRequest>, OfLayers> {
  /**
   * Which proxies are trusted for forwarded client data (`X-Forwarded-For`, `-Proto`, `-Host`): all, none, the number
   * of proxies in front of the server, or a function of their address. Default: none.
   */
  readonly trustProxy?: TrustProxy | undefined
}

/** @throws TypeError when an option is unknown or of the wrong type */
export function httpServerFor(
  caller: string,
  options: ServerTracingOptions | undefined,
): HttpServer<ServerRequest> {
  return new HttpServer<ServerRequest>(
    { name: '@spanwright/http', version: VERSION },
    plainFramework(options?.trustProxy ?? false),
    options,
    { trustProxy: trustProxyRule },
    caller,
  )
}
