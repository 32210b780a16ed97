import { expect } from '@jest/globals'
import { Caller, type ReceivedSpan, type Receiver } from '@spanwright/traces'

/** What a client gets. */
export interface Answer {
  readonly status: number
  /** Without those that differ with time. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const DIFFERS = /^(?:date|x-correlation-id|x-readtime)$/

/**
 * Sends a request to an application; its address in the answer is replaced by `ORIGIN`.
 * @param differs names of further headers that differ with time
 */
export async function ask(
  origin: string,
  path: string,
  init: RequestInit = {},
  differs?: RegExp,
): Promise<Answer> {
  const response = await fetch(`${origin}${path}`, { redirect: 'manual', ...init })
  const general = (text: string): string => text.replaceAll(origin, 'ORIGIN')
  const headers = [...response.headers].filter(([name]) => !DIFFERS.test(name) && !differs?.test(name))
  return {
    status: response.status,
    headers: Object.fromEntries(headers.map(([name, value]) => [name, general(value)])),
    body: general(await response.text()),
  }
}

/** An answer without what the application makes up for it, such as ids, and the tag of the body with that. */
export function comparableAnswer({ body, headers, ...rest }: Answer, madeUp: RegExp): Answer {
  const { etag: _etag, ...others } = headers
  return { ...rest, headers: others, body: body.replaceAll(madeUp, '…') }
}

/** A request with a body in JSON. */
export function json(
  method: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): RequestInit {
  return {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  }
}

/** A span without what differs with every run. */
type Comparable = Pick<ReceivedSpan, 'kind' | 'name' | 'failed' | 'attributes' | 'links' | 'events'>

/** Leaves out what differs with every run. */
export function comparable({ kind, name, failed, attributes, links, events }: ReceivedSpan): Comparable {
  const { 'network.peer.port': _port, ...others } = attributes
  return { kind, name, failed, attributes: others, links, events }
}

/** The span of a request that was answered below 500, as `comparable` returns it. */
export function requestSpan(
  url: URL,
  { method = 'GET' }: RequestInit,
  status: number,
  route: string | undefined,
): Comparable {
  return {
    kind: 'SERVER',
    name: route === undefined ? method : `${method} ${route}`,
    failed: false,
    attributes: {
      'http.request.method': method,
      'http.response.status_code': status,
      ...(route === undefined ? {} : { 'http.route': route }),
      'url.scheme': 'http',
      'url.path': url.pathname,
      ...(url.search === '' ? {} : { 'url.query': url.search.slice(1) }),
      'server.address': url.hostname,
      'server.port': Number(url.port),
      'client.address': '127.0.0.1',
      'network.peer.address': '127.0.0.1',
      'network.protocol.version': '1.1',
      'user_agent.original': 'node',
    },
    links: [],
    events: [],
  }
}

/** The span of a request that was answered with 500 because of an error, as `comparable` returns it. */
export function brokenRequestSpan(
  url: URL,
  init: RequestInit,
  route: string | undefined,
  error: { readonly type: string; readonly message: string; readonly className?: string },
): Comparable {
  const { attributes, ...rest } = requestSpan(url, init, 500, route)
  return {
    ...rest,
    failed: true,
    attributes: { ...attributes, 'error.type': error.type },
    events: [
      {
        name: 'exception',
        attributes: {
          'exception.type': error.className ?? error.type,
          'exception.message': error.message,
          'exception.stacktrace': expect.stringContaining(error.message),
        },
      },
    ],
  }
}

/** The same application, started without tracing and with it. */
export interface Pair {
  readonly bare: { readonly origin: string }
  readonly traced: { readonly origin: string }
  readonly receiver: Receiver
  readonly service: string
}

/** Sends a request to both applications: the answers are the same, and the span of the request has this route. */
export async function expectSameAnswer(
  { bare, traced, receiver, service }: Pair,
  path: string,
  init: RequestInit,
  route: string | undefined,
): Promise<void> {
  const caller = new Caller(receiver)
  const expected = await ask(bare.origin, path, init)
  expect(await ask(traced.origin, path, caller.request(init))).toEqual(expected)

  const span = await caller.serverSpan()
  expect(comparable(span)).toEqual(requestSpan(new URL(path, traced.origin), init, expected.status, route))
  expect(span).toMatchObject({ service, parentSpanId: caller.spanId })
}
