import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'

import type { Attributes } from '@opentelemetry/api'

/** A request of `node:http`, `node:https` or the compatibility API of `node:http2`. */
export type ServerRequest = IncomingMessage | Http2ServerRequest
/** The response that goes with a {@link ServerRequest}. */
export type ServerAnswer = ServerResponse | Http2ServerResponse

/** What all requests, and all responses, of an app inherit from. */
export interface StreamPrototypes {
  readonly request: object
  readonly response: object
}

/** What was read of a request, so that it is read once: Express makes each reading cost about half a microsecond. */
export interface RequestHead {
  readonly headers: IncomingHttpHeaders
  /** Undefined for a request that did not come over a connection. */
  readonly socket: Socket | undefined
}

/** Who asked whom. */
export interface Origin {
  /** `http` or `https`, as the framework believes the client sees it. */
  readonly scheme: string
  /** `Host`, `:authority`, or what a trusted proxy forwarded; with its port, where it has one. */
  readonly host: string | undefined
  /** Address of the client, behind the proxies the framework trusts. */
  readonly clientAddress: string | undefined
}

/**
 * What a framework knows of a request, by its own router and its own trust in proxies. One for all requests:
 * `Request` is what it hands to its handlers, `Routes` what its plugin needs besides to find the route of a request.
 */
export interface HttpFramework<Request, Routes = never> {
  /** Request target as it was sent, before any mount took its part away. */
  url(request: Request): string
  /** Who asked whom, as far as the framework trusts what proxies have forwarded. */
  origin(request: Request, head: RequestHead): Origin
  /**
   * Pattern of the route that matched last; undefined when none did. Read when the response begins.
   * @param routes what {@link Exchange.routes} holds
   */
  route(request: Request, routes: Routes | undefined): string | undefined
  /**
   * Objects of the app that its requests and responses inherit from: they are given the methods that lead through
   * tracing, once, and nothing is put on a request. Where there are none, each request and response is given them.
   */
  prototypes?(request: Request): StreamPrototypes | undefined
}

/** A request while it is answered. */
export interface Exchange<Routes = never> {
  /** False when there is no span: then nothing needs to be found out about the request. */
  readonly traced: boolean
  /** Whatever the plugin needs to find the route of this request. */
  routes?: Routes | undefined
  /** Runs what handles the request in the request's context. */
  run<T>(work: () => T): T
  /** Notes an error that reached the framework. What becomes of the request is seen when it ends. */
  recordError(error: unknown): void
  /** Adds an event to the span. */
  addEvent(name: string, attributes?: Attributes): void
}
