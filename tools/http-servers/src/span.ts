import { type Attributes, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import type { MetricData } from '@opentelemetry/sdk-metrics'
import { expect } from '@jest/globals'
import { servedOver } from '@spanwright/test-kit'
import type { SpanRecorder } from '@spanwright/testing'

import { eventsOf } from './events.ts'

/** What a request must leave behind, as far as it is not the same for all requests of the suites. */
export interface ExpectedSpan {
  readonly name: string
  /** Added to those that all have; undefined for one that must be absent. */
  readonly attributes: Attributes
  /** Message of the error status, or true for one without; without it the status must be unset. */
  readonly failed?: string | true
  /** Names of its events, an exception with its type after a space; none when it is left out. */
  readonly events?: readonly string[]
  /** Id of the span of the caller; without it there must be none. */
  readonly parent?: string
  /** Ids of the spans it is linked to; none when it is left out. */
  readonly links?: readonly string[]
}

/** Of a request to `shop.test`. */
const COMMON: Attributes = {
  'http.request.method': 'GET',
  'http.route': '/items/:id',
  'url.path': '/items/7',
  'server.address': 'shop.test',
  'client.address': '127.0.0.1',
  'network.peer.address': '127.0.0.1',
  'network.peer.port': expect.any(Number) as never,
}

const ON_THE_METRIC = [
  'http.request.method',
  'url.scheme',
  'http.route',
  'http.response.status_code',
  'error.type',
  'network.protocol.version',
]

/**
 * Checks all that some requests left behind: their spans as a whole, in the order in which they ended, the points of
 * the duration metric, and that nothing was left open.
 */
export async function expectSpans(
  recorder: SpanRecorder,
  ...expected: readonly ExpectedSpan[]
): Promise<readonly ReadableSpan[]> {
  await recorder.waitFor(() => recorder.spans().length >= expected.length)
  const spans = recorder.spans()
  expect(spans.map(shapeOf)).toEqual(expected.map(expectedShape))
  expect(recorder.open()).toEqual([])
  const [metric, ...others] = await metricsOf(recorder)
  expect(others).toEqual([])
  expect(metric?.descriptor).toMatchObject({ name: 'http.server.request.duration', unit: 's' })
  const points = new Map<string, [Attributes, number]>()
  for (const { attributes } of spans) {
    const picked = pick(attributes)
    const key = JSON.stringify(picked)
    points.set(key, [picked, (points.get(key)?.[1] ?? 0) + 1])
  }
  const seen = metric?.dataPoints.map(({ attributes, value }) => [
    attributes,
    (value as { count: number }).count,
  ])
  expect(seen).toEqual([...points.values()])
  return spans
}

/** Names of the events of the only span that is open. */
export function eventsOfOpenSpan(recorder: SpanRecorder): readonly string[] {
  const [span, ...others] = recorder.open() as readonly ReadableSpan[]
  expect(others).toEqual([])
  if (!span) throw new Error('no span is open')
  return eventsOf(span)
}

/** The attributes that the transport determines. */
export function servedAttributes(): Attributes {
  const { scheme, version } = servedOver()
  return { 'url.scheme': scheme, 'network.protocol.version': version }
}

/** The metrics that have a value: a counter of what is open, once it exists, remains with zero. */
export async function metricsOf(recorder: SpanRecorder): Promise<MetricData[]> {
  return (await recorder.metrics()).filter(({ dataPoints }) => dataPoints.some(({ value }) => value !== 0))
}

function shapeOf(span: ReadableSpan): object {
  const { name, kind, status, attributes, links, parentSpanContext } = span
  return {
    name,
    kind,
    status,
    attributes,
    events: eventsOf(span),
    links: links.map(({ context }) => context.spanId),
    parent: parentSpanContext?.spanId,
  }
}

function expectedShape({ name, attributes, failed, events = [], links = [], parent }: ExpectedSpan): object {
  return {
    name,
    kind: SpanKind.SERVER,
    status: failed
      ? { code: SpanStatusCode.ERROR, ...(failed !== true && { message: failed }) }
      : { code: SpanStatusCode.UNSET },
    attributes: withoutUndefined({ ...COMMON, ...servedAttributes(), ...attributes }),
    events,
    links,
    parent,
  }
}

function pick(attributes: Attributes): Attributes {
  return withoutUndefined(Object.fromEntries(ON_THE_METRIC.map(key => [key, attributes[key]])))
}

function withoutUndefined(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined))
}
