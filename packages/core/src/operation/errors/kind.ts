import { types } from 'node:util'

import { ERROR_TYPE_OTHER } from '../../semconv/attributes.ts'

/** True for an error of any realm: a plain object with a name and a message is none. Never throws. */
export function isError(value: unknown): value is Error {
  try {
    if (types.isNativeError(value) || value instanceof Error) return true
    return Object.prototype.toString.call(value) === '[object DOMException]'
  } catch {
    return false
  }
}

/**
 * The low-cardinality name of an error: `code` such as `ECONNREFUSED`, else the name of its class, else `_OTHER`.
 * Never throws, whatever was thrown.
 */
export function errorTypeOf(value: unknown): string {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return ERROR_TYPE_OTHER
  const code = codeOf(value)
  return code === '' ? classNameOf(value) : bounded(code, value)
}

/** `code` of an error; an empty text where it has none, or free text in its place. */
export function codeOf(value: object): string {
  const code = textOf(value, 'code')
  return CODE.test(code) ? code : ''
}

// Codes are upper case by custom (ECONNREFUSED, UND_ERR_SOCKET, P2002), and an SQLSTATE has five characters and may begin
// with a digit (23505, 2200G); anything else may be free text.
const CODE = /^(?:[A-Z][A-Z0-9_]{1,63}|[0-9][0-9A-Z]{4})$/
const CLASS_NAME = /^[A-Za-z_$][\w$.]{0,99}$/
const BUILT_IN_NAME = /^(?:Aggregate|Eval|Range|Reference|Syntax|Type|URI)?Error$/

/** Name of the class of an error, of a bounded set. Never throws. */
export function classNameOf(value: object): string {
  // What is no error has a `name` that means something else.
  const name = isError(value) ? textOf(value, 'name') : ''
  const isName = CLASS_NAME.test(name)
  // A name set on purpose wins; a built-in one may only be inherited, then the class says more.
  if (isName && !BUILT_IN_NAME.test(name)) return bounded(name, value)
  const className = constructorNameOf(value)
  if (className !== '') return bounded(className)
  return isName ? name : ERROR_TYPE_OTHER
}

/** True for an error of a class of the language itself, other than `Error`. */
export function isOfLanguage(value: object): boolean {
  const name = textOf(value, 'name')
  return name !== 'Error' && BUILT_IN_NAME.test(name) && BUILT_IN_NAME.test(classNameOf(value))
}

/** True for an error with a name of the language: those of Node are of classes of its own. */
export function isNamedAsOfLanguage(value: object): boolean {
  return BUILT_IN_NAME.test(textOf(value, 'name'))
}

function constructorNameOf(value: object): string {
  try {
    const name: unknown = value.constructor?.name
    // Shorter than any name a person gives: a minifier's, another one in the next build.
    const isTelling = typeof name === 'string' && name.length > 2 && CLASS_NAME.test(name)
    return isTelling && name !== 'Object' ? name : ''
  } catch {
    return ''
  }
}

const MOST_NAMES = 500
const names = new Set<string>()

/** The name, unless there were too many different ones: somebody makes names of data. Then that of the class. */
function bounded(name: string, value?: object): string {
  if (names.has(name)) return name
  if (names.size >= MOST_NAMES) {
    const className = value ? constructorNameOf(value) : ''
    return BUILT_IN_NAME.test(className) || names.has(className) ? className : ERROR_TYPE_OTHER
  }
  names.add(name)
  return name
}

/** The property `name` of what was thrown; an empty text when it has none that can be read. */
export function nameOf(value: unknown): string {
  return value === null || typeof value !== 'object' ? '' : textOf(value, 'name')
}

/** Half of a surrogate pair, which may come out of a JSON body, cannot be sent as UTF-8. */
export function wellFormed(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, '\ufffd')
}

/** A property that is a text; an empty one when it is not, or cannot be read. */
export function textOf(value: object, key: string): string {
  try {
    const property = (value as Record<string, unknown>)[key]
    return typeof property === 'string' ? wellFormed(property) : ''
  } catch {
    return ''
  }
}
