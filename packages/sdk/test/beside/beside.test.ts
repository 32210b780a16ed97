import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import { describe, expect, it } from '@jest/globals'

import { startEndpoint } from '../endpoint.ts'
import { PATIENCE } from '../host.ts'
import { type DecodedSpan, decodeRequest } from '../record/otlp-decoder.ts'

/** What an endpoint received from a scenario. */
interface Outcome {
  readonly spans: readonly Shown[]
  /** Items in Sentry's envelopes. */
  readonly items: readonly Readonly<Record<string, unknown>>[]
}

interface Shown {
  readonly scope: string
  readonly path: string
  readonly attributes: Readonly<Record<string, string>>
}

async function outcomeOf(sdk: 'spanwright' | 'opentelemetry', scenario: string): Promise<Outcome> {
  await using endpoint = await startEndpoint()
  const child = fork(join(__dirname, 'program.ts'), [sdk, scenario], {
    // The scenarios are ES modules in TypeScript, which only tsx imports.
    execArgv: ['--import', 'tsx', '--conditions=@spanwright/source'],
    env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url },
  })
  const [code] = (await once(child, 'exit')) as [number]
  expect(code).toBe(0)
  const bodies = (part: string): Buffer[] =>
    endpoint.arrivals.filter(({ path }) => path.includes(part)).map(({ body }) => body)
  return {
    spans: shown(bodies('/v1/traces')),
    items: bodies('/envelope').flatMap(body => itemsIn(body.toString())),
  }
}

/** Spans without the parts that differ from run to run: ids, ports and, unless they are given, times. */
function shown(bodies: readonly Buffer[]): Shown[] {
  const scopes = bodies.flatMap(body =>
    decodeRequest(body).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans),
  )
  const all = scopes.flatMap(({ spans }) => spans)
  const pathOf = (id: string): string => {
    const span = all.find(({ spanId }) => spanId === id)
    if (!span) return ''
    return `${pathOf(span.parentSpanId)}/${span.name}`
  }
  return scopes
    .flatMap(({ scope, spans }) =>
      spans.map(span => ({ ...stable(span, pathOf), scope: `${scope.name} ${scope.version}` })),
    )
    .toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))
}

const SINCE = '1700000100000000000'

function stable(span: DecodedSpan, pathOf: (id: string) => string) {
  const isGiven = (time: string): string => (time < SINCE ? time : 'now')
  const links = span['links'] as readonly { readonly spanId: string; readonly attributes: unknown }[]
  const events = span['events'] as readonly { readonly name: string; readonly timeUnixNano: string }[]
  return {
    path: pathOf(span.spanId),
    kind: span['kind'],
    status: span['status'] ?? { code: 0, message: '' },
    attributes: attributesOf(span.attributes),
    // The rest is whether the parent is known to be remote, and whether the trace id is random.
    isSampled: span.flags & 1,
    traceState: span.traceState.replaceAll(/rand=[\d.]+|trace_id=[\da-f]+/g, '…'),
    start: isGiven(span.startTimeUnixNano),
    end: isGiven(span.endTimeUnixNano),
    links: links.map(link => ({ to: pathOf(link.spanId), attributes: link.attributes })),
    events: events.map(event => ({
      name: event.name,
      at: isGiven(event.timeUnixNano),
      attributes: attributesOf((event as unknown as DecodedSpan).attributes),
    })),
    dropped: [span['droppedAttributesCount'], span['droppedEventsCount'], span['droppedLinksCount']],
  }
}

function attributesOf(attributes: DecodedSpan['attributes']): Record<string, string> {
  const entries = attributes.map(({ key, value }): [string, string] => [key, JSON.stringify(value)])
  return Object.fromEntries(
    entries
      .map(([key, value]): [string, string] => [
        key,
        /port$|sample_rand|stacktrace/.test(key) ? '…' : value.replaceAll(/127\.0\.0\.1:\d+/g, 'host'),
      ])
      .toSorted(([one], [other]) => (one < other ? -1 : 1)),
  )
}

/** An envelope is JSON lines: its header, then a header and a payload for each item. */
function itemsIn(envelope: string): Record<string, unknown>[] {
  const lines = envelope.split('\n').filter(line => line !== '')
  return lines
    .slice(1)
    .flatMap((line, index) => (index % 2 === 1 ? [JSON.parse(line) as Record<string, unknown>] : []))
}

interface SentrySpan {
  readonly span_id: string
  readonly parent_span_id?: string
  readonly description?: string
  readonly op?: string
  readonly status?: string
  readonly data?: Readonly<Record<string, unknown>>
  readonly links?: readonly unknown[]
}

interface SentryEvent {
  readonly type?: string
  readonly transaction?: string
  readonly contexts?: { readonly trace?: SentrySpan }
  readonly spans?: readonly SentrySpan[]
  readonly exception?: { readonly values: readonly { readonly type: string; readonly value: string }[] }
}

/** Transactions and errors, with names in place of ids. */
function sentryEvents({ items }: Outcome): unknown[] {
  const events = items as readonly SentryEvent[]
  const names = new Map<string | undefined, string>()
  for (const { transaction, contexts, spans = [], type } of events) {
    if (type === 'transaction') names.set(contexts?.trace?.span_id, `transaction ${transaction}`)
    for (const span of spans) names.set(span.span_id, `span ${span.description}`)
  }
  const spanOf = ({ span_id, parent_span_id, links, data = {}, ...rest }: SentrySpan): object => ({
    at: names.get(span_id),
    beneath: names.get(parent_span_id),
    op: rest.op,
    status: rest.status,
    data: Object.fromEntries(Object.entries(data).filter(([key]) => key !== 'sentry.sample_rand')),
    links: links?.length ?? 0,
  })
  return events
    .filter(({ type, exception }) => type === 'transaction' || exception)
    .map(({ transaction, contexts, spans = [], exception }) => ({
      transaction,
      trace: contexts?.trace && spanOf(contexts.trace),
      spans: spans.map(spanOf),
      exception: exception?.values.map(({ type, value }) => `${type}: ${value}`),
    }))
    .toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))
}

describe('third-party spans are recorded as with the SDK of OpenTelemetry, from', () => {
  it.each([
    ['its own instrumentations', 'instrumentations', 9, 0],
    ['span processors', 'processors', 2, 0],
    ["Prisma's instrumentation", 'prisma', 7, 0],
    ['Sentry 10 on the SDK', 'sentry-10', 3, 4],
    ['Sentry 11 beside it', 'sentry-11', 2, 1],
  ])(
    '%s',
    async (_what, scenario, spans, events) => {
      const [ours, theirs] = await Promise.all([
        outcomeOf('spanwright', scenario),
        outcomeOf('opentelemetry', scenario),
      ])
      expect(ours.spans).toEqual(theirs.spans)
      expect(sentryEvents(ours)).toEqual(sentryEvents(theirs))
      expect([ours.spans.length, sentryEvents(ours).length]).toEqual([spans, events])
    },
    PATIENCE,
  )
})
