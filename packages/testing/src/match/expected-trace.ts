import { SpanKind } from '@opentelemetry/api'

import type { SpanKindName, SpanShape } from './query.ts'

/** A span that is expected in a trace, with those expected beneath it. */
export interface ExpectedSpan extends SpanShape {
  readonly children?: readonly ExpectedSpan[]
}

/** A span of the expectation, in the one form both notations come to. */
export interface ExpectedNode {
  readonly shape: SpanShape
  /** Whether the span must be an error; undefined: it does not matter. */
  readonly failed?: boolean
  readonly children: ExpectedNode[]
  /** How a failure message shows it. */
  readonly line: string
}

/**
 * Reads an expected trace.
 *
 * As text: a line for each span, a child indented deeper than its parent; `KIND name`, where the kind may be left out,
 * and ` ✗ error.type` behind a span that fails (the type may be left out). A span without ✗ must not be an error.
 * @throws TypeError when it is neither text nor objects, or a line is indented like no line before it
 */
export function readExpectedTrace(trace: string | ExpectedSpan | readonly ExpectedSpan[]): ExpectedNode[] {
  if (typeof trace === 'string') return readText(trace)
  if (Array.isArray(trace)) return (trace as readonly ExpectedSpan[]).map(readObject)
  if (typeof trace === 'object' && trace !== null) return [readObject(trace as ExpectedSpan)]
  throw new TypeError(`expected a trace as indented text or as objects; got ${typeof trace}`)
}

function readObject({ children = [], ...shape }: ExpectedSpan): ExpectedNode {
  const kind = typeof shape.kind === 'number' ? SpanKind[shape.kind] : shape.kind
  const failure = shape.status === 'error' ? ' ✗' : ''
  const line = `${kind === undefined ? '' : `${kind} `}${String(shape.name ?? '(any name)')}${failure}`
  return { shape, children: children.map(readObject), line }
}

function readText(text: string): ExpectedNode[] {
  const roots: ExpectedNode[] = []
  const open: { indent: number; node: ExpectedNode }[] = []
  for (const line of text.split('\n').filter(item => item.trim() !== '')) {
    const indent = line.length - line.trimStart().length
    const node = readLine(line.trim())
    while (open.length > 0 && (open.at(-1)?.indent ?? 0) >= indent) open.pop()
    const siblings = open.at(-1)?.node.children ?? roots
    siblings.push(node)
    open.push({ indent, node })
  }
  return roots
}

const LINE = /^(?:(INTERNAL|SERVER|CLIENT|PRODUCER|CONSUMER) )?(.*?)(?: ✗(?: (\S+))?)?$/

function readLine(line: string): ExpectedNode {
  const [, kind, name = '', errorType] = LINE.exec(line) ?? []
  const failed = / ✗(?: \S+)?$/.test(line)
  const shape: SpanShape = {
    name,
    ...(kind !== undefined && { kind: kind as SpanKindName }),
    ...(errorType !== undefined && { attributes: { 'error.type': errorType } }),
  }
  return { shape, failed, children: [], line }
}
