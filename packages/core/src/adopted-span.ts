import {
  type Attributes,
  type Context,
  createContextKey,
  type Span,
  SpanKind,
  trace,
} from '@opentelemetry/api'

import type { CapturedHeaders } from './captured-headers.ts'
import type { ExposedTrace } from './exposed-trace.ts'
import { reportFailure } from './guard.ts'
import { endingOf, type ResponseProgress } from './http-ending.ts'
import type { Exchange, HttpFramework } from './http-framework.ts'
import { errorTypeOf, exceptionOf, isMeantForClient, withErrorType, writeEnding } from './outcome.ts'
import { ATTR_ERROR_TYPE } from './semconv/attributes.ts'
import { ATTR_HTTP_ROUTE } from './semconv/http.ts'

// The key of getRPCMetadata() of @opentelemetry/core, by its registered symbol: core depends on the API alone.
const RPC_METADATA = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA')

/** What an HTTP instrumentation leaves in the context for whoever knows the route. */
interface RpcMetadata {
  readonly type?: unknown
  readonly span?: Span
  route?: string
}

/** The server span that somebody else has started for the request of a context. */
export interface ForeignSpan {
  readonly span: Span
  readonly metadata: RpcMetadata | undefined
}

/** Finds the span of another HTTP instrumentation, such as OpenTelemetry's own. */
export function findForeignSpan(context: Context): ForeignSpan | undefined {
  const metadata = context.getValue(RPC_METADATA) as RpcMetadata | undefined
  const span = trace.getSpan(context)
  if (metadata?.type === 'http' && metadata.span) return { span: metadata.span, metadata }
  if (!span?.isRecording()) return undefined
  return (span as { kind?: unknown }).kind === SpanKind.SERVER ? { span, metadata: undefined } : undefined
}

/** What the span of somebody else is to be given. */
export interface Adoption<Request> {
  readonly foreign: ForeignSpan
  readonly framework: HttpFramework<Request>
  readonly request: Request
  readonly response: ResponseProgress
  /** First word of the span name. */
  readonly method: string
  /** What it gets at once, in the latest names. */
  readonly attributes: Attributes
  readonly responseHeaders: CapturedHeaders
  readonly exposed: ExposedTrace | undefined
  readonly recordExceptions: boolean
  readonly translate: ((attributes: Attributes) => Attributes) | undefined
}

/**
 * A request whose span somebody else started and will end: it gets the attributes it lacks, the route, and the
 * errors that only the framework sees.
 */
export class AdoptedSpan<Request> implements Exchange {
  readonly traced = true
  routes: unknown
  private readonly start: Adoption<Request>
  private thrown: { readonly value: unknown } | undefined
  private hasRoute = false

  constructor(start: Adoption<Request>) {
    this.start = start
    const { foreign, attributes, translate } = start
    const { res } = start.response
    const present = (foreign.span as { attributes?: Attributes }).attributes ?? {}
    for (const [key, value] of Object.entries(translate?.(attributes) ?? attributes)) {
      if (value !== undefined && !(key in present)) foreign.span.setAttribute(key, value)
    }
    const answer = res as unknown as { writeHead: (...args: unknown[]) => unknown }
    const { writeHead } = answer
    const begin = (args: readonly unknown[]): readonly unknown[] => this.begin(args)
    answer.writeHead = function tracedWriteHead(...args) {
      return Reflect.apply(writeHead, this, begin(args))
    }
    // Before the listener with which its owner ends the span.
    res.prependOnceListener('close', () => this.finish())
  }

  run<T>(work: () => T): T {
    return work()
  }

  addEvent(name: string, attributes?: Attributes): void {
    this.start.foreign.span.addEvent(name, attributes)
  }

  recordError(error: unknown): void {
    if (this.thrown && this.thrown.value === error) return
    this.thrown = { value: error }
    const { foreign, recordExceptions } = this.start
    if (recordExceptions && !isMeantForClient(error)) foreign.span.recordException(exceptionOf(error))
  }

  /** The response is about to begin; its owner may end the span with its last byte. */
  private begin(head: readonly unknown[]): readonly unknown[] {
    const { foreign, exposed, response } = this.start
    const { res } = response
    try {
      this.writeRoute()
      const statusCode = typeof head[0] === 'number' ? head[0] : res.statusCode
      if (this.thrown && statusCode >= 500) this.write({ [ATTR_ERROR_TYPE]: errorTypeOf(this.thrown.value) })
      return exposed ? exposed.addTo(res, foreign.span, head) : head
    } catch (error) {
      reportFailure('describing a response', error)
      return head
    }
  }

  /** The response is closed, and the span still open unless its owner ended it with the last byte. */
  private finish(): void {
    const { foreign, response, responseHeaders, recordExceptions } = this.start
    try {
      this.writeRoute()
      if (!foreign.span.isRecording()) return
      const ending = endingOf(response, this.thrown)
      this.write(withErrorType({}, ending))
      if (ending.failed) writeEnding(foreign.span, ending, recordExceptions && !this.thrown)
      const headers: Attributes = {}
      responseHeaders.write(headers, name => response.res.getHeader(name))
      this.write(headers)
    } catch (error) {
      reportFailure('describing a response', error)
    }
  }

  /** The route is that of the time when the response began. */
  private writeRoute(): void {
    if (this.hasRoute) return
    const { framework, request, response, foreign, method } = this.start
    const route = framework.route(request, this.routes)
    this.hasRoute = route !== undefined || response.res.headersSent
    if (route === undefined) return
    if (foreign.span.isRecording()) {
      this.write({ [ATTR_HTTP_ROUTE]: route })
      foreign.span.updateName(`${method} ${route}`)
    }
    if (foreign.metadata) foreign.metadata.route = route
  }

  private write(attributes: Attributes): void {
    this.start.foreign.span.setAttributes(this.start.translate?.(attributes) ?? attributes)
  }
}
