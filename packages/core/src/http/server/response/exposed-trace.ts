import type { Span } from '@opentelemetry/api'
import { isSpanContextValid } from '@opentelemetry/api'

import type { ServerAnswer } from '../framework.ts'
import type { OptionRule } from '../../../host/options.ts'
import { isFieldName, isReservedField } from '../../../operation/header-fields.ts'

export const exposeRule: OptionRule = {
  expected: "'traceresponse', 'server-timing' or the name of a response header of your own",
  accepts: value => typeof value === 'string' && isFieldName(value) && !isReservedField(value),
}

const EXPOSE_HEADERS = 'access-control-expose-headers'
const ALLOW_ORIGIN = 'access-control-allow-origin'
const ALLOW_CREDENTIALS = 'access-control-allow-credentials'
const SERVER_TIMING = 'server-timing'

type HeaderValue = string | number | readonly string[] | undefined

/** Arguments of `writeHead`: a status code, optionally a message, optionally headers. */
type HeadArguments = readonly unknown[]

/** Reports the trace of a request to the caller in a response header. */
export class ExposedTrace {
  private readonly header: string

  /** @param header the value of the option `expose` */
  constructor(header: string) {
    this.header = header.toLowerCase()
  }

  /**
   * Adds the header immediately before the head of the response is written.
   * @returns the arguments to use instead; headers passed to the call take precedence over headers set before
   */
  addTo(res: ServerAnswer, span: Span, head: HeadArguments): HeadArguments {
    const spanContext = span.spanContext()
    if (res.headersSent || !isSpanContextValid(spanContext)) return head
    const { traceId, spanId, traceFlags } = spanContext
    const id = `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, '0')}`
    const headers = new Head(res, head)
    if (this.header === SERVER_TIMING) headers.append(SERVER_TIMING, `trace;desc="${id}"`)
    else headers.set(this.header, this.header === 'traceresponse' ? id : traceId)
    if (headers.get(ALLOW_ORIGIN) !== undefined) this.exposeToScripts(headers)
    return headers.arguments
  }

  private exposeToScripts(headers: Head): void {
    const exposed = headers.get(EXPOSE_HEADERS) ?? ''
    const names = exposed.split(',').map(name => name.trim().toLowerCase())
    // With credentials, `*` is an ordinary name (Fetch standard).
    const exposesAll = names.includes('*') && headers.get(ALLOW_CREDENTIALS) !== 'true'
    if (!exposesAll && !names.includes(this.header)) headers.append(EXPOSE_HEADERS, this.header)
  }
}

/** The headers of a response that is about to start: those set before and those passed to `writeHead`. */
class Head {
  arguments: HeadArguments
  private readonly res: ServerAnswer

  constructor(res: ServerAnswer, head: HeadArguments) {
    this.res = res
    this.arguments = head
  }

  get(name: string): string | undefined {
    const value = (givenIn(this.arguments, name)?.value ?? this.res.getHeader(name)) as HeaderValue
    return value === undefined ? undefined : String(value)
  }

  append(name: string, value: string): void {
    const before = this.get(name)
    this.set(name, before ? `${before}, ${value}` : value)
  }

  set(name: string, value: string): void {
    const given = givenIn(this.arguments, name)
    const headers = this.arguments.at(-1)
    if (given) this.replace(given.key, value)
    // Setting a header now would change how Node reads the list.
    else if (Array.isArray(headers))
      this.give([...headers, ...(isOfPairs(headers) ? [[name, value]] : [name, value])])
    else this.res.setHeader(name, value)
  }

  private replace(key: string | number, value: string): void {
    const headers = this.arguments.at(-1) as object
    if (!Array.isArray(headers)) this.give({ ...headers, [key]: value })
    else if (isOfPairs(headers)) this.give(headers.with(Number(key), [headers[Number(key)]?.[0], value]))
    else this.give((headers as unknown[]).with(Number(key), value))
  }

  // In a copy: the given headers belong to the application.
  private give(headers: object): void {
    this.arguments = [...this.arguments.slice(0, -1), headers]
  }
}

/** True for an array of name-value pairs; false for a flat array of alternating names and values. */
function isOfPairs(headers: readonly unknown[]): headers is readonly (readonly unknown[])[] {
  return Array.isArray(headers[0])
}

interface GivenHeader {
  /** A name, or an index of an array. */
  readonly key: string | number
  readonly value: unknown
}

/** The first header with this name passed to `writeHead`. */
function givenIn(head: HeadArguments, name: string): GivenHeader | undefined {
  const headers = head.at(-1)
  if (Array.isArray(headers)) return listedIn(headers, name)[0]
  if (typeof headers !== 'object' || headers === null) return undefined
  const key = Object.keys(headers).find(each => each.toLowerCase() === name)
  return key === undefined ? undefined : { key, value: (headers as Record<string, unknown>)[key] }
}

function listedIn(headers: readonly unknown[], name: string): GivenHeader[] {
  const is = (item: unknown): boolean => String(item).toLowerCase() === name
  if (isOfPairs(headers)) {
    return headers.flatMap(([each, value], key) => (is(each) ? [{ key, value }] : []))
  }
  return headers.flatMap((each, i) =>
    i % 2 === 0 && is(each) ? [{ key: i + 1, value: headers[i + 1] }] : [],
  )
}

/** The value of a header passed to `writeHead`; an array when it was passed more than once. */
export function valueGivenIn(head: HeadArguments, name: string): HeaderValue {
  const headers = head.at(-1)
  const values = Array.isArray(headers) ? listedIn(headers, name).flatMap(({ value }) => value) : []
  return (values.length > 1 ? values : givenIn(head, name)?.value) as HeaderValue
}
