import { isError } from './kind.ts'

/** Returns the recordable text of a library's error; undefined when the error is from another source. */
export type ErrorReader = (error: object) => string | undefined

interface Registry {
  /** Recordable texts of errors seen by a traced library. */
  readonly texts: WeakMap<object, string>
  /** Error readers by library name. */
  readonly readers: Map<string, ErrorReader>
}

// The plugin that saw an error may use a different copy of this package than the server.
const KEY = Symbol.for('spanwright.errors')
const shared = globalThis as { [KEY]?: Registry }
const registry: Registry = (shared[KEY] ??= { texts: new WeakMap(), readers: new Map() })

/**
 * Withholds the message of an error wherever the error is recorded, because it may contain data.
 * @param text recorded instead. Default: empty
 */
export function withholdMessage(error: unknown, text = ''): void {
  if (typeof error === 'object' && error !== null) registry.texts.set(error, text)
}

/**
 * Recognises the errors of a library by their shape wherever they are recorded, even when they did not pass through a
 * traced object.
 */
export function recogniseErrors(library: string, read: ErrorReader): void {
  registry.readers.set(library, read)
}

/**
 * The recordable text of an error of a traced library, or of an error that carries one as `cause` or in any other
 * property.
 * @returns undefined when no traced library is involved
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

/**
 * The errors that an error carries: in `cause`, `errors`, or library properties such as `original`, `parent`,
 * `driverError`.
 */
function carriedBy(error: object): object[] {
  const held: unknown[] = []
  try {
    // Getters are not called, except the one for the standard name.
    held.push((error as { cause?: unknown }).cause)
    for (const key of Reflect.ownKeys(error).slice(0, MOST_PROPERTIES)) {
      // V8 formats the stack when it is read.
      if (key === 'stack') continue
      const value: unknown = Object.getOwnPropertyDescriptor(error, key)?.value
      if (Array.isArray(value)) held.push(...(value as unknown[]).slice(0, MOST_PROPERTIES))
      else held.push(value)
    }
  } catch {
    // An object that cannot be read carries no errors that can be found.
  }
  return held.filter(isCarried)
}

function isCarried(value: unknown): value is object {
  return typeof value === 'object' && value !== null && (registry.texts.has(value) || isError(value))
}
