import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import { expect } from '@jest/globals'

import { startEndpoint } from '../endpoint.ts'
import { type DecodedSpan, decodeRequest } from '../record/otlp-decoder.ts'

/** What an endpoint received from a scenario. */
export interface Outcome {
  readonly spans: readonly Shown[]
  /** Items in Sentry's envelopes. */
  readonly items: readonly Readonly<Record<string, unknown>>[]
}

interface Shown {
  readonly scope: string
  readonly path: string
  readonly attributes: Readonly<Record<string, string>>
}

/** Runs a scenario on one of the two SDKs, in a process of its own. */
export async function outcomeOf(sdk: 'spanwright' | 'opentelemetry', scenario: string): Promise<Outcome> {
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
        /port$|sample_rand|stacktrace|\.msTo|PerSecond$/.test(key)
          ? '…'
          : value.replaceAll(/127\.0\.0\.1:\d+/g, 'host'),
      ])
      .toSorted(([one], [other]) => (one < other ? -1 : 1)),
  )
}

/** An envelope is JSON lines: its header, then a header and a payload for each item. */
export function itemsIn(envelope: string): Record<string, unknown>[] {
  const lines = envelope.split('\n').filter(line => line !== '')
  return lines
    .slice(1)
    .flatMap((line, index) => (index % 2 === 1 ? [JSON.parse(line) as Record<string, unknown>] : []))
}
