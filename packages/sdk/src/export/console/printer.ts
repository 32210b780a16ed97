import { detailsOf } from './details.ts'
import { printable } from './printable.ts'
import type { SpanAddress, TraceSpan } from './span.ts'
import type { SpanNode, Trace } from './tree.ts'

/** How a trace is printed. */
export interface PrintOptions {
  /** Line width in characters. Default: 110. */
  readonly width?: number
  /** Whether failures are printed in red and details dimmed. Default: false. */
  readonly colors?: boolean
  /** Which spans show their message, attributes and events: those that failed, all, or none. Default: `'none'`. */
  readonly detail?: 'none' | 'failures' | 'all'
}

interface Row {
  readonly span: TraceSpan
  /** The branches of the tree in front of the span. */
  readonly branch: string
  /** The branches that continue beneath it. */
  readonly beneath: string
}

/** The narrowest bar that still shows a span's position on the time line. */
const MIN_BAR = 12

/** Prints a trace as a tree: one line per span, with its position on the time line of the trace. */
export function printTrace(trace: Trace, options: PrintOptions = {}): string {
  const { width = 110, colors = false, detail = 'none' } = options
  const rows = trace.roots.flatMap(root => rowsOf(root, '', ''))
  const { start, end } = extentOf(trace)
  const columns = rows.map(row => columnsOf(row))
  const widths = [0, 1, 2].map(index => Math.max(...columns.map(column => column[index]?.length ?? 0)))
  const taken = widths.reduce((sum, item) => sum + item + 2, 0)
  const barWidth = Math.max(MIN_BAR, Math.min(40, width - taken - 2))
  const lines = rows.flatMap(({ span, beneath }, index) => {
    const [service = '', tree = '', duration = ''] = columns[index] ?? []
    const text = `${service.padEnd(widths[0] ?? 0)}  ${tree.padEnd(widths[1] ?? 0)}  ${duration.padStart(widths[2] ?? 0)}`
    const line = `${text}  ${barOf(span, start, end, barWidth)}${notesOf(span, trace)}`
    const details = detail === 'all' || (detail === 'failures' && span.failed) ? detailsOf(span) : []
    const front = `${' '.repeat((widths[0] ?? 0) + 2)}${beneath}`
    return [
      colors && span.failed ? styled(line, RED) : line,
      ...details.map(one => (colors ? styled(`${front}${one}`, DIM) : `${front}${one}`)),
    ]
  })
  return [headOf(trace, end - start), ...lines].join('\n')
}

/** When a trace began and ended, in milliseconds since the epoch. */
export function extentOf({ spans }: Pick<Trace, 'spans'>): { readonly start: number; readonly end: number } {
  return {
    start: Math.min(...spans.map(span => span.start)),
    end: Math.max(...spans.map(span => span.end)),
  }
}

const RED = [31, 39] as const
const DIM = [2, 22] as const

/** Node's `styleText` checks standard output, but this is written elsewhere. */
function styled(text: string, [on, off]: readonly [number, number]): string {
  return `\u001b[${on}m${text}\u001b[${off}m`
}

function headOf(trace: Trace, duration: number): string {
  const services = new Set(trace.spans.map(span => span.service)).size
  return `trace ${trace.traceId}  ${count(trace.spans.length, 'span')}, ${count(services, 'service')}, ${milliseconds(duration)}`
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`
}

function columnsOf({ span, branch }: Row): [service: string, tree: string, duration: string] {
  return [
    printable(span.service),
    `${branch}${span.kind} ${printable(span.name)}`,
    milliseconds(span.end - span.start),
  ]
}

function rowsOf(node: SpanNode, branch: string, indent: string): Row[] {
  const last = node.children.length - 1
  return [
    { span: node.span, branch, beneath: `${indent}${last < 0 ? '   ' : '│  '}` },
    ...node.children.flatMap((child, index) =>
      rowsOf(
        child,
        `${indent}${index === last ? '└─ ' : '├─ '}`,
        `${indent}${index === last ? '   ' : '│  '}`,
      ),
    ),
  ]
}

/** A span is always visible, however short it is compared with its trace. */
function barOf(span: TraceSpan, start: number, end: number, width: number): string {
  const perCharacter = (end - start) / width || 1
  const from = Math.min(width - 1, Math.floor((span.start - start) / perCharacter))
  const length = Math.max(1, Math.min(width - from, Math.round((span.end - span.start) / perCharacter)))
  return `▕${' '.repeat(from)}${'█'.repeat(length)}${' '.repeat(width - from - length)}▏`
}

function notesOf(span: TraceSpan, trace: Trace): string {
  const failure = span.failed ? ` ✗ ${errorTypeOf(span)}` : ''
  return failure + span.links.map(link => ` ⇠ ${targetOf(link, trace)}`).join('')
}

function errorTypeOf({ attributes }: TraceSpan): string {
  const errorType = attributes['error.type']
  return typeof errorType === 'string' ? printable(errorType) : 'error'
}

function targetOf(link: SpanAddress, trace: Trace): string {
  const target = trace.spans.find(({ spanId, traceId }) => spanId === link.spanId && traceId === link.traceId)
  return target ? printable(`${target.service} ${target.name}`) : `trace ${link.traceId.slice(0, 8)}…`
}

function milliseconds(duration: number): string {
  return `${duration.toFixed(1)} ms`
}
