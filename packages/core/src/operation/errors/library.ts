import { isError } from './kind.ts'

/** Says what may be shown of an error of a library; undefined when the error is of another one. */
export type ErrorReader = (error: object) => string | undefined

interface Registry {
  /** What may be shown of errors that passed a traced library. */
  readonly texts: WeakMap<object, string>
  /** By the name of the library. */
  readonly readers: Map<string, ErrorReader>
}

// An error may pass a plugin with another copy of this package than the server has.
const KEY = Symbol.for('spanwright.errors')
const shared = globalThis as { [KEY]?: Registry }
const registry: Registry = (shared[KEY] ??= { texts: new WeakMap(), readers: new Map() })

/**
 * Withholds the message of an error wherever the error is recorded: its author may have put data into it.
 * @param text shown in its place. Default: nothing
 */
export function withholdMessage(error: unknown, text = ''): void {
  if (typeof error === 'object' && error !== null) registry.texts.set(error, text)
}

/**
 * Recognises the errors of a library by their shape wherever they are recorded, also when they did not pass a traced
 * object.
 */
export function recogniseErrors(library: string, read: ErrorReader): void {
  registry.readers.set(library, read)
}

/**
 * What may be shown of an error of a traced library, or of one that carries such an error, as its `cause` or under any
 * other name.
 * @returns undefined when no library has to do with it
 */
export function libraryTextOf(error: object): string | undefined {
  return find(error, new Set())
}

const MOST_ERRORS = 50
const MOST_PROPERTIES = 50

function find(error: object, seen: Set<object>): string | undefined {
  if (seen.has(error) || seen.size >= MOST_ERRORS) return undefined
  seen.add(error)
  const marked = registry.texts.get(error)
  if (marked !== undefined) return marked
  for (const read of registry.readers.values()) {
    const text = textFrom(read, error)
    if (text !== undefined) return text
  }
  for (const inner of carriedBy(error)) {
    const text = find(inner, seen)
    if (text !== undefined) return text
  }
  return undefined
}

function textFrom(read: ErrorReader, error: object): string | undefined {
  try {
    return read(error)
  } catch {
    return undefined
  }
}

/** The errors that an error holds: `cause`, `errors`, and what libraries call `original`, `parent`, `driverError`. */
function carriedBy(error: object): object[] {
  const held: unknown[] = []
  try {
    // Getters are not called, except that of the standard name.
    held.push((error as { cause?: unknown }).cause)
    for (const key of Reflect.ownKeys(error).slice(0, MOST_PROPERTIES)) {
      // V8 writes the stack when it is looked at.
      if (key === 'stack') continue
      const value: unknown = Object.getOwnPropertyDescriptor(error, key)?.value
      if (Array.isArray(value)) held.push(...(value as unknown[]).slice(0, MOST_PROPERTIES))
      else held.push(value)
    }
  } catch {
    // What does not let itself be read holds nothing that can be found.
  }
  return held.filter(isCarried)
}

function isCarried(value: unknown): value is object {
  return typeof value === 'object' && value !== null && (registry.texts.has(value) || isError(value))
}
