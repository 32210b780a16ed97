import type { SpanRecord } from '../decode/spans.ts'
import { type Attributes, attributesOf, textOf } from './attributes.ts'

/** The kinds of OTLP, by their number. */
const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'] as const

type Kind = (typeof KINDS)[number]

/** An event of a span. */
interface SpanEvent {
  readonly name: string
  /** Milliseconds since the trace began. */
  readonly time: number
  readonly attributes: Attributes
}

/** A span, possibly of another trace, that a span refers to. */
export interface SpanLink {
  readonly traceId: string
  readonly spanId: string
  readonly attributes: Attributes
}

/** A span as the page shows it. Times are in milliseconds since its trace began. */
export interface Span {
  readonly id: string
  /** Undefined for one that begins a trace. */
  readonly parentId: string | undefined
  readonly name: string
  readonly kind: Kind
  readonly service: string
  /** The process it ran in: its `service.instance.id`, or the best substitute. */
  readonly process: string
  readonly start: number
  readonly end: number
  readonly duration: number
  readonly failed: boolean
  readonly message: string
  readonly attributes: Attributes
  readonly resource: Attributes
  readonly scope: string
  readonly events: readonly SpanEvent[]
  readonly links: readonly SpanLink[]
  /** Number of attributes, events and links that were dropped on the way. */
  readonly dropped: number
  /** In the order they started. */
  readonly children: Span[]
  /** Undefined for a root and when the parent is missing. */
  parent: Span | undefined
  depth: number
}

/** The spans of one trace. */
export interface Trace {
  readonly traceId: string
  /** When it began, in milliseconds since the epoch. */
  readonly start: number
  readonly duration: number
  /** Parents before children, siblings in the order they started. */
  readonly spans: readonly Span[]
  /** Those without a parent, and those whose parent is missing. */
  readonly roots: readonly Span[]
  /** Roots whose parent is missing. */
  readonly orphans: readonly Span[]
  /** In the order of the tree. */
  readonly services: readonly string[]
}

/** Builds a trace from its spans, at least one. */
export function readTrace(traceId: string, records: readonly SpanRecord[]): Trace {
  let first = BigInt(records[0]?.span.startTimeUnixNano ?? 0)
  for (const { span } of records) {
    const start = BigInt(span.startTimeUnixNano)
    if (start < first) first = start
  }
  const byId = new Map<string, Span>()
  const resources = new Map<object, Attributes>()
  for (const record of records) byId.set(record.span.spanId, readSpan(record, first, resources))
  const inOrder = [...byId.values()].toSorted((one, other) => one.start - other.start || other.end - one.end)
  const roots = arrange(inOrder, byId)
  const spans = flatten(roots)
  return {
    traceId,
    start: Number(first / 1000n) / 1000,
    duration: spans.reduce((latest, span) => Math.max(latest, span.end), 0),
    spans,
    roots,
    orphans: roots.filter(root => root.parentId !== undefined),
    services: [...new Set(spans.map(span => span.service))],
  }
}

function readSpan({ span, origin }: SpanRecord, first: bigint, resources: Map<object, Attributes>): Span {
  let resource = resources.get(origin.resource)
  if (resource === undefined) {
    resource = attributesOf(origin.resource.attributes)
    resources.set(origin.resource, resource)
  }
  const start = sinceFirst(span.startTimeUnixNano, first)
  const end = sinceFirst(span.endTimeUnixNano, first)
  const { name = '', version = '' } = origin.scope
  const { droppedAttributesCount = 0, droppedEventsCount = 0, droppedLinksCount = 0 } = span
  const service = textOf(resource['service.name'] ?? 'unknown_service')
  return {
    id: span.spanId,
    parentId: span.parentSpanId,
    name: span.name ?? '',
    kind: KINDS[span.kind ?? 0] ?? 'UNSPECIFIED',
    service,
    process: processOf(resource, service),
    start,
    end,
    duration: end - start,
    failed: span.status?.code === 2,
    message: span.status?.message ?? '',
    attributes: attributesOf(span.attributes),
    resource,
    scope: `${name} ${version}`.trim(),
    events: (span.events ?? []).map(event => ({
      name: event.name ?? '',
      time: sinceFirst(event.timeUnixNano ?? span.startTimeUnixNano, first),
      attributes: attributesOf(event.attributes),
    })),
    links: (span.links ?? []).map(link => ({
      traceId: link.traceId ?? '',
      spanId: link.spanId ?? '',
      attributes: attributesOf(link.attributes),
    })),
    dropped: droppedAttributesCount + droppedEventsCount + droppedLinksCount,
    children: [],
    parent: undefined,
    depth: 0,
  }
}

function processOf(resource: Attributes, service: string): string {
  const id = resource['service.instance.id'] ?? `${service} ${textOf(resource['process.pid'] ?? '')}`
  return textOf(id)
}

function sinceFirst(nanoseconds: string, first: bigint): number {
  return Number(BigInt(nanoseconds) - first) / 1e6
}

/** Gives every span its parent and children. Returns the roots. */
function arrange(spans: readonly Span[], byId: ReadonlyMap<string, Span>): Span[] {
  const roots: Span[] = []
  for (const span of spans) {
    const parent = span.parentId === undefined ? undefined : byId.get(span.parentId)
    if (parent === undefined || leadsTo(span, parent)) roots.push(span)
    else {
      span.parent = parent
      parent.children.push(span)
    }
  }
  return roots
}

/** Whether this parent would make a span its own ancestor: senders may send anything. */
function leadsTo(span: Span, parent: Span): boolean {
  if (span.children.length === 0) return span === parent
  for (let at: Span | undefined = parent; at !== undefined; at = at.parent) if (at === span) return true
  return false
}

/** Without recursion: a trace may be as deep as it is long. */
function flatten(roots: readonly Span[]): Span[] {
  const spans: Span[] = []
  const waiting = roots.toReversed()
  for (let span = waiting.pop(); span !== undefined; span = waiting.pop()) {
    span.depth = span.parent === undefined ? 0 : span.parent.depth + 1
    spans.push(span)
    for (let index = span.children.length - 1; index >= 0; index--) waiting.push(span.children[index] as Span)
  }
  return spans
}
