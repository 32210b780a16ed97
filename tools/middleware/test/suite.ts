import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { requestsInFlight } from '@spanwright/core'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'

import { Client, type Reply, type Request } from './client.ts'
import { versionOf } from './load.ts'
import { expectSection, type Row } from './page.ts'

/** Where `tracing()` is used: before the middleware, or after it. */
type Position = 'first' | 'after'

/** A request, and the span there must be of it. */
export interface Exercise {
  /** What it shows, for the page. */
  readonly shows: string
  readonly request: Request
  /** Name and status of the span with `tracing()` in front, as {@link spanText} writes it. */
  readonly first: string
  /** The same with `tracing()` after the middleware. Default: as in front. */
  readonly after?: string
}

/** A middleware as an application uses it. */
export interface Case<App> {
  /** Its package. */
  readonly name: string
  /** Makes the app, when it is not the framework's usual one. */
  readonly create?: (usual: () => App) => App
  /** Adds the middleware; what it writes goes to `log`, which must be the same with tracing. */
  use(app: App, log: string[], onClose: (close: () => void) => void): void
  /** Adds routes that only this case has. */
  routes?(app: App, log: string[]): void
  readonly requests: readonly Exercise[]
  /** Of the versions of the framework, those it is made for. Default: all. */
  readonly majors?: readonly number[]
}

/** How a framework creates and serves its applications. */
export interface Framework<App> {
  readonly name: string
  readonly major: number
  create(): App
  trace(app: App): void
  routes(app: App, log: string[]): void
  listen(app: App): Server
}

interface Run {
  readonly replies: readonly Reply[]
  readonly log: readonly string[]
}

const NO_SPAN = 'no span'

/** Runs each case without tracing, with it in front and with it after the middleware, and compares. */
export function compareMiddleware<App>(
  section: string,
  frameworks: readonly Framework<App>[],
  cases: readonly Case<App>[],
): void {
  const rows: Row[] = []
  let recorder: SpanRecorder
  beforeAll(() => void (recorder = recordSpans({ global: true })))
  afterEach(() => recorder.reset())
  afterAll(() => recorder.stop())

  for (const framework of frameworks) {
    describe(`in an app of ${framework.name}`, () => {
      for (const one of cases) {
        if (one.majors && !one.majors.includes(framework.major)) continue
        it(`does the same with ${one.name}, and has the spans of its requests`, async () => {
          const bare = await run(framework, one)
          expect(recorder.spans()).toEqual([])
          const traces: Record<Position, string[]> = { first: [], after: [] }
          for (const position of ['first', 'after'] as const) {
            await recorder.reset()
            expect({ position, ...(await run(framework, one, position)) }).toEqual({ position, ...bare })
            expect(recorder.open().map(({ name }) => name)).toEqual([])
            expect(requestsInFlight()).toEqual([])
            traces[position] = one.requests.map((_, i) => spanText(recorder, traceId(i)))
          }

          expect(traces).toEqual({
            first: one.requests.map(({ first }) => first),
            after: one.requests.map(({ first, after }) => after ?? first),
          })
          rows.push(
            ...one.requests.map(({ shows }, i) => ({
              middleware: `${one.name} ${versionOf(one.name)}`,
              majors: [framework.major],
              shows,
              reply: replyText(bare.replies[i]),
              first: traces.first[i] ?? '',
              after: traces.after[i] ?? '',
            })),
          )
        })
      }
    })
  }

  it('has its results on the page of the docs', () => {
    expectSection(section, frameworks, rows)
  })
}

/** One server for all requests of a case, closed before what it wrote is compared. */
async function run<App>(framework: Framework<App>, one: Case<App>, position?: Position): Promise<Run> {
  const log: string[] = []
  const consoles = (['error', 'warn'] as const).map(level =>
    jest.spyOn(console, level).mockImplementation(text => {
      log.push(`console.${level}: ${String(text).trim().split('\n')[0]}`)
    }),
  )
  const app = one.create ? one.create(framework.create) : framework.create()
  if (position === 'first') framework.trace(app)
  const closes: (() => void)[] = []
  one.use(app, log, close => closes.push(close))
  if (position === 'after') framework.trace(app)
  one.routes?.(app, log)
  framework.routes(app, log)
  const server = framework.listen(app)
  const closed: Promise<unknown>[] = []
  server.on('connection', socket => closed.push(new Promise(resolve => socket.once('close', resolve))))
  await new Promise(resolve => (server.listening ? resolve(undefined) : server.once('listening', resolve)))
  const client = new Client((server.address() as AddressInfo).port)
  const replies: Reply[] = []
  for (const [i, { request }] of one.requests.entries()) {
    replies.push(await client.send(request, `00-${traceId(i)}-00f067aa0ba902b7-01`))
  }
  await new Promise(resolve => server.close(resolve))
  // The server closes before the last responses have heard of it.
  await Promise.all(closed)
  for (const close of closes) close()
  for (const spy of consoles) spy.mockRestore()
  return { replies, log }
}

function traceId(i: number): string {
  return (i + 1).toString(16).padStart(32, '0')
}

/** The spans of a trace, such as `GET /users/:id 200`, or `GET /fails 500 error TypeError`. */
function spanText(recorder: SpanRecorder, id: string): string {
  const spans = recorder.trace(id).map(({ name, kind, attributes, status, parentSpanContext }) => {
    const route = attributes['http.route']
    const parts = [name, attributes['http.response.status_code'] ?? 'no status']
    if (kind !== SpanKind.SERVER) parts.push(`kind ${SpanKind[kind]}`)
    if (name !== [attributes['http.request.method'], route].filter(Boolean).join(' '))
      parts.push(`route ${String(route)}`)
    if (parentSpanContext?.spanId !== '00f067aa0ba902b7') parts.push('not below its caller')
    if (status.code === SpanStatusCode.ERROR) parts.push('error')
    if (attributes['error.type']) parts.push(String(attributes['error.type']))
    return parts.join(' ')
  })
  return spans.join(' + ') || NO_SPAN
}

function replyText(reply: Reply | undefined): string {
  if (!reply) return ''
  const encoding = reply.headers.find(line => /^content-encoding:/i.test(line))
  return [reply.status, encoding?.split(': ')[1], reply.complete ? '' : 'cut short'].filter(Boolean).join(' ')
}
