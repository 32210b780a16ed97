import { SpanKind } from '@opentelemetry/api'

import type { SpanKindName, SpanShape } from './query.ts'

/** A span expected in a trace, with its expected children. */
export interface ExpectedSpan extends SpanShape {
  readonly children?: readonly ExpectedSpan[]
}

/** An expected span, in the form that both notations are converted to. */
export interface ExpectedNode {
  readonly shape: SpanShape
  /** Whether the span must be an error; undefined: not checked. */
  readonly failed?: boolean
  readonly children: ExpectedNode[]
  /** Its line in a failure message. */
  readonly line: string
}

/**
 * Reads an expected trace.
 *
 * As text: one line per span, with a child indented deeper than its parent; `KIND name`, where the kind may be left
 * out, and ` ✗ error.type` after a failed span (the type may be left out). A span without ✗ must not be an error.
 * @throws TypeError when it is neither text nor objects, or a line's indentation matches no earlier line
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
