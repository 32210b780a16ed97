import type { Span } from '@opentelemetry/api'
import { recordRequestError } from '@spanwright/core'
import { attempt, exchangeOf, type ServerRequest, writeTo } from '@spanwright/core/plugin'
import { ATTR_CODE_FUNCTION_NAME } from '@spanwright/core/semconv'

/** The part of Nest's `ArgumentsHost` that is read. */
export interface Host {
  getType(): string
  switchToHttp(): { getRequest(): unknown }
}

/** The part of Nest's `ExecutionContext` that is read. */
export interface NestExecution extends Host {
  getClass(): { readonly name: string }
  getHandler(): { readonly name: string }
}

/** True for what Nest gives its filters to tell them what they are called for. */
export function isHost(value: unknown): value is Host {
  return attempt('reading a call of Nest', hasMethod, value, 'switchToHttp') === true
}

/** True for what Nest gives its guards and interceptors. */
export function isExecution(value: unknown): value is NestExecution {
  return isHost(value) && attempt('reading a call of Nest', hasMethod, value, 'getHandler') === true
}

function hasMethod(value: unknown, name: string): boolean {
  return typeof (value as Readonly<Record<string, unknown>> | null | undefined)?.[name] === 'function'
}

/** The request that something is called for; undefined when it is not a request of HTTP. */
export function requestOf(host: Host): ServerRequest | undefined {
  return attempt('reading a request of Nest', readRequest, host)
}

function readRequest(host: Host): ServerRequest | undefined {
  return host.getType() === 'http' ? (host.switchToHttp().getRequest() as ServerRequest) : undefined
}

/** Notes an error that Nest is going to answer. */
export function noteError(host: Host, error: unknown): void {
  const request = requestOf(host)
  if (request) exchangeOf(request)?.recordError(error)
  else if (!attempt('reading an error of Nest', isAnswer, error)) recordRequestError(error)
}

/** True for an error by which a resolver of GraphQL answers its client. */
function isAnswer(error: unknown): boolean {
  return Object.prototype.toString.call(error) === '[object GraphQLError]'
}

/**
 * Says on a span which method of which controller it is for.
 * @returns the two; undefined when a decorator has replaced the method by a function without a name
 */
export function nameSpan(span: Span | undefined, execution: NestExecution): string | undefined {
  const name = attempt('reading a handler of Nest', nameOf, execution)
  if (span && name !== undefined) writeTo(span, 'setAttribute', ATTR_CODE_FUNCTION_NAME, name)
  return name
}

function nameOf(execution: NestExecution): string | undefined {
  const { name } = execution.getHandler()
  return name === '' ? undefined : `${execution.getClass().name}.${name}`
}
