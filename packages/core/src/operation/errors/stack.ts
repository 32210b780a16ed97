import { findSourceMap } from 'node:module'

import { wellFormed } from './kind.ts'

/** Where an error was made: as Node has it before the stack is read for the first time, or the stack as text. */
export type Trace = readonly NodeJS.CallSite[] | string | undefined

/**
 * Reads where an error was made, and leaves the error as it was: V8 writes the text of a stack, with the message of that
 * moment, when the stack is read for the first time, and the application may still change the message.
 */
export function traceOf(error: object): Trace {
  let sites: readonly NodeJS.CallSite[] | undefined
  const formatter = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace')
  try {
    // V8 keeps no text when this throws.
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
    // Where it cannot be restored it could not be replaced.
  }
}

interface Header {
  readonly name: string
  readonly message: string
}

/**
 * The text of a stack that begins with what may be shown.
 * @param message the message of the error, which is shown only where it is that of the header
 * @returns an empty text when there are no frames, or none that can be told from the message
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

/** What follows the message; an empty text when the two cannot be told apart. */
function framesIn(stack: string, message: string): string {
  if (message === '') return ''
  for (let at = stack.indexOf(message); at >= 0; at = stack.indexOf(message, at + 1)) {
    const rest = stack.slice(at + message.length)
    if (rest.startsWith(FRAME)) return rest
  }
  return ''
}

/** As the formatter of the application writes it, which may know source maps; it is not shown the error itself. */
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
  // Node translates only stacks that it writes itself.
  if (!process.sourceMapsEnabled || !file || line === null || column === null) return place
  const origin = findSourceMap(file)?.findOrigin(line, column)
  if (!origin || !('fileName' in origin)) return place
  return place.replace(
    `${file}:${line}:${column}`,
    `${origin.fileName}:${origin.lineNumber}:${origin.columnNumber}`,
  )
}

/** True when code of the application, or of a package, made the error: neither Node nor the language itself. */
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
