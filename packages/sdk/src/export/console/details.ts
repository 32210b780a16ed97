import { printable } from './printable.ts'
import type { TraceEvent, TraceSpan } from './span.ts'

/** Number of stack frames shown of an exception. */
const MAX_FRAMES = 5

/** The details of a span beneath its line: message, attributes and events, one line each. */
export function detailsOf({ message, attributes, events = [] }: TraceSpan): string[] {
  return [
    ...(message ? [oneLine(message)] : []),
    ...linesOf(attributes),
    ...events.flatMap(event => linesOfEvent(event)),
  ]
}

function linesOfEvent({ name, attributes }: TraceEvent): string[] {
  const { 'exception.stacktrace': stack, ...others } = attributes
  const frames = typeof stack === 'string' ? stack.split('\n').filter(line => /^\s+at /.test(line)) : []
  return [
    `⚑ ${printable(name)}`,
    ...linesOf(others).map(line => `  ${line}`),
    ...frames.slice(0, MAX_FRAMES).map(line => `  ${printable(line.trim())}`),
  ]
}

function linesOf(attributes: Readonly<Record<string, unknown>>): string[] {
  const entries = Object.entries(attributes).map(([key, value]) => [printable(key), shown(value)] as const)
  const width = Math.max(0, ...entries.map(([key]) => key.length))
  return entries.map(([key, value]) => `${key.padEnd(width)}  ${value}`)
}

function shown(value: unknown): string {
  return oneLine(typeof value === 'string' ? value : (JSON.stringify(value, bytesAsBase64) ?? ''))
}

function bytesAsBase64(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
}

/** SQL and messages are often written over several lines. */
function oneLine(text: string): string {
  const lines = text.split('\n').map(line => line.trim())
  return printable(lines.filter(line => line !== '').join(' ⏎ '))
}
