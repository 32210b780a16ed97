import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'

import type { Attributes } from '@opentelemetry/api'

/** A request of `node:http`, `node:https` or the compatibility API of `node:http2`. */
export type ServerRequest = IncomingMessage | Http2ServerRequest
/** The response to a {@link ServerRequest}. */
export type ServerAnswer = ServerResponse | Http2ServerResponse

/** The prototypes of all requests and all responses of an app. */
export interface StreamPrototypes {
  readonly request: object
  readonly response: object
}

/** Properties of a request, read only once because in Express each read costs about half a microsecond. */
export interface RequestHead {
  readonly headers: IncomingHttpHeaders
  /** Undefined for a request that did not arrive over a connection. */
  readonly socket: Socket | undefined
}

/** Client and server of a request. */
export interface Origin {
  /** `http` or `https`, as seen by the client according to the framework. */
  readonly scheme: string
  /** `Host`, `:authority`, or the host forwarded by a trusted proxy; with its port if present. */
  readonly host: string | undefined
  /** Address of the client in front of the proxies the framework trusts. */
  readonly clientAddress: string | undefined
}

/**
 * Reads a framework's requests, using its own router and its own proxy trust. One object serves all requests: `Request`
 * is what the framework passes to its handlers, `Routes` is additional data its plugin needs to find the route.
 */
export interface HttpFramework<Request, Routes = never> {
  /** Request target as sent, before any mount removed its prefix. */
  url(request: Request): string
  /** Client and server of the request, using forwarded headers only as far as the framework trusts them. */
  origin(request: Request, head: RequestHead): Origin
  /**
   * Pattern of the route that matched last; undefined when none did. Read when the response starts.
   * @param routes the value of {@link Exchange.routes}
   */
  route(request: Request, routes: Routes | undefined): string | undefined
  /**
   * Prototypes that the app's requests and responses inherit from. The methods that pass through tracing are added to
   * them once, so nothing is added to each request. Without such prototypes, each request and response gets the
   * methods.
   */
  prototypes?(request: Request): StreamPrototypes | undefined
}

/** An open request. */
export interface Exchange<Routes = never> {
  /** False when there is no span: then nothing needs to be read from the request. */
  readonly traced: boolean
  /** Data the plugin needs to find the route of this request. */
  routes?: Routes | undefined
  /** Runs the handling of the request in the request's context. */
  run<T>(work: () => T): T
  /** Notes an error that reached the framework. The outcome of the request is determined when it ends. */
  recordError(error: unknown): void
  /** Adds an event to the span. */
  addEvent(name: string, attributes?: Attributes): void
}
