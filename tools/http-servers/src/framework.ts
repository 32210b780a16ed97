import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

import type { HttpServerOptions } from '@spanwright/core/plugin'

/** Handles a request with the API of `node:http`, whatever the framework. */
export type PlainHandler = (req: IncomingMessage, res: ServerResponse) => unknown

/** Further settings of an app of a framework. */
interface AppSettings {
  /** Whether it trusts the headers of proxies. Default: false. */
  readonly trustProxy?: boolean
}

/** A framework in one of its versions, as the suites use it. Its apps trace, print nothing, and have one route. */
export interface TracedFramework {
  readonly name: string
  /** Whether it refuses a host that does not form a URL. Default: false. */
  readonly checksHost?: boolean
  /** An app that answers every method of `/items/:id` with a handler, and the rest with 404. */
  readonly serving: (
    handler: PlainHandler,
    options?: HttpServerOptions<unknown>,
    settings?: AppSettings,
  ) => RequestListener
  /** An app that answers `/items/:id` with a file, in the framework's own way. */
  readonly servingFile: (path: string, options?: HttpServerOptions<unknown>) => RequestListener
}
