import {
  type Attributes,
  type Context,
  createContextKey,
  type Span,
  SpanKind,
  trace,
} from '@opentelemetry/api'

import type { Exchange, HttpFramework, ServerAnswer } from './http-framework.ts'
import { reportFailure } from './guard.ts'
import { errorTypeOf, exceptionOf, isMeantForClient } from './outcome.ts'
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

/**
 * A request whose span somebody else started and will end: it gets the attributes it lacks, the route, and the
 * errors that only the framework sees.
 */
export class AdoptedSpan<Request> implements Exchange {
  readonly traced = true
  routes: unknown
  private readonly foreign: ForeignSpan
  private readonly method: string
  private readonly recordExceptions: boolean
  private thrown: { readonly value: unknown } | undefined

  constructor(foreign: ForeignSpan, method: string, attributes: Attributes, recordExceptions: boolean) {
    this.foreign = foreign
    this.method = method
    this.recordExceptions = recordExceptions
    const { span } = foreign
    const present = (span as { attributes?: Attributes }).attributes ?? {}
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== undefined && !(key in present)) span.setAttribute(key, value)
    }
  }

  /** Writes the route when the response begins, or at the latest just before its owner ends the span. */
  follow(res: ServerAnswer, framework: HttpFramework<Request>, request: Request): void {
    const answer = res as unknown as { writeHead: (...args: unknown[]) => unknown }
    const { writeHead } = answer
    let written = false
    const write = (statusCode: number): void => {
      if (written) return
      written = true
      try {
        this.writeRoute(framework.route(request, this.routes))
        this.writeErrorType(statusCode)
      } catch (error) {
        reportFailure('reading the route', error)
      }
    }
    answer.writeHead = function tracedWriteHead(...args) {
      write(typeof args[0] === 'number' ? args[0] : res.statusCode)
      return Reflect.apply(writeHead, this, args)
    }
    res.prependOnceListener('close', () => write(res.statusCode))
  }

  run<T>(work: () => T): T {
    return work()
  }

  addEvent(name: string, attributes?: Attributes): void {
    this.foreign.span.addEvent(name, attributes)
  }

  recordError(error: unknown): void {
    if (this.thrown?.value === error) return
    this.thrown = { value: error }
    if (this.recordExceptions && !isMeantForClient(error))
      this.foreign.span.recordException(exceptionOf(error))
  }

  private writeRoute(route: string | undefined): void {
    if (route === undefined) return
    const { span, metadata } = this.foreign
    span.setAttribute(ATTR_HTTP_ROUTE, route)
    span.updateName(`${this.method} ${route}`)
    if (metadata) metadata.route = route
  }

  private writeErrorType(statusCode: number): void {
    if (this.thrown && statusCode >= 500) {
      this.foreign.span.setAttribute(ATTR_ERROR_TYPE, errorTypeOf(this.thrown.value))
    }
  }
}
