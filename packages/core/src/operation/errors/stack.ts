import { findSourceMap } from 'node:module'

import { wellFormed } from './kind.ts'

/** Where an error was created: as call sites before the stack is read for the first time, or the stack as text. */
export type Trace = readonly NodeJS.CallSite[] | string | undefined

/**
 * Reads where an error was created without changing the error: V8 formats the stack, with the current message, when it
 * is first read, and the application may still change the message.
 */
export function traceOf(error: object): Trace {
  let sites: readonly NodeJS.CallSite[] | undefined
  const formatter = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace')
  try {
    // V8 stores no text when this throws.
    Error.prepareStackTrace = (_error, found) => {
      sites = found
      throw NOT_YET
    }
    const { stack } = error as { stack?: unknown }
    return typeof stack === 'string' ? wellFormed(stack) : undefined
  } catch {
    return sites
  } finally {
    restore(formatter)
  }
}

const NOT_YET: unique symbol = Symbol('not yet')

function restore(formatter: PropertyDescriptor | undefined): void {
  try {
    if (formatter) Object.defineProperty(Error, 'prepareStackTrace', formatter)
    else Reflect.deleteProperty(Error, 'prepareStackTrace')
  } catch {
    // If it cannot be restored, it could not have been replaced.
  }
}

interface Header {
  readonly name: string
  readonly message: string
}

/**
 * The text of a stack, starting with the recordable header.
 * @param message the message of the error, recorded only when it is also the message of the header
 * @returns an empty string when there are no frames, or they cannot be separated from the message
 */
export function stackText(trace: Trace, header: Header, message: string): string {
  const { name, message: shown } = header
  const first = shown === '' ? name : `${name}: ${shown}`
  if (typeof trace === 'string') {
    const frames = framesIn(trace, message)
    return frames === '' ? '' : first + frames
  }
  if (!trace || trace.length === 0) return ''
  return formattedByOwner(trace, header) ?? first + trace.map(site => `${FRAME}${placeOf(site)}`).join('')
}

const FRAME = '\n    at '

/** The text after the message; an empty string when the two cannot be separated. */
function framesIn(stack: string, message: string): string {
  if (message === '') return ''
  for (let at = stack.indexOf(message); at >= 0; at = stack.indexOf(message, at + 1)) {
    const rest = stack.slice(at + message.length)
    if (rest.startsWith(FRAME)) return rest
  }
  return ''
}

/**
 * The stack as formatted by the application's own formatter, which may apply source maps; it does not receive the error
 * itself.
 */
function formattedByOwner(sites: readonly NodeJS.CallSite[], header: Header): string | undefined {
  if (typeof Error.prepareStackTrace !== 'function') return undefined
  try {
    const text: unknown = Error.prepareStackTrace({ ...header }, [...sites])
    return typeof text === 'string' ? text : undefined
  } catch {
    return undefined
  }
}

function placeOf(site: NodeJS.CallSite): string {
  const place = (site as { toString(): string }).toString()
  const file = site.getFileName()
  const [line, column] = [site.getLineNumber(), site.getColumnNumber()]
  // Node applies source maps only to stacks it formats itself.
  if (!process.sourceMapsEnabled || !file || line === null || column === null) return place
  const origin = findSourceMap(file)?.findOrigin(line, column)
  if (!origin || !('fileName' in origin)) return place
  return place.replace(
    `${file}:${line}:${column}`,
    `${origin.fileName}:${origin.lineNumber}:${origin.columnNumber}`,
  )
}

/** True when the error was created by code of the application or a package, not by Node or the engine. */
export function isFromModule(trace: Trace, message: string): boolean {
  if (typeof trace === 'string') {
    const [, top = ''] = framesIn(trace, message).split('\n', 2)
    return top !== '' && !/\((?:<anonymous>|native|node:)|at node:/.test(top)
  }
  const top = trace?.[0]
  if (!top || top.isNative()) return false
  const file = top.getFileName() ?? top.getEvalOrigin()
  return Boolean(file) && !file?.startsWith('node:')
}
