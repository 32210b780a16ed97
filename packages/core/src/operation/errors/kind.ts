import { types } from 'node:util'

import { ERROR_TYPE_OTHER } from '../../semconv/attributes.ts'

/** True for an error of any realm, false for a plain object with a name and a message. Never throws. */
export function isError(value: unknown): value is Error {
  try {
    if (types.isNativeError(value) || value instanceof Error) return true
    return Object.prototype.toString.call(value) === '[object DOMException]'
  } catch {
    return false
  }
}

/**
 * The low-cardinality name of an error: its `code` such as `ECONNREFUSED`, otherwise the name of its class, otherwise
 * `_OTHER`. Never throws.
 */
export function errorTypeOf(value: unknown): string {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return ERROR_TYPE_OTHER
  const code = codeOf(value)
  return code === '' ? classNameOf(value) : bounded(code, value)
}

/** `code` of an error; an empty string when it has none, or when it is free text. */
export function codeOf(value: object): string {
  const code = textOf(value, 'code')
  return CODE.test(code) ? code : ''
}

// Codes are conventionally upper case (ECONNREFUSED, UND_ERR_SOCKET, P2002), and an SQLSTATE has five characters and
// may start with a digit (23505, 2200G); anything else may be free text.
const CODE = /^(?:[A-Z][A-Z0-9_]{1,63}|[0-9][0-9A-Z]{4})$/
const CLASS_NAME = /^[A-Za-z_$][\w$.]{0,99}$/
const BUILT_IN_NAME = /^(?:Aggregate|Eval|Range|Reference|Syntax|Type|URI)?Error$/

/** Class name of an error, from a bounded set. Never throws. */
export function classNameOf(value: object): string {
  // On other objects `name` means something else.
  const name = isError(value) ? textOf(value, 'name') : ''
  const isName = CLASS_NAME.test(name)
  // An explicit name takes precedence; a built-in one may be merely inherited, and then the class is more specific.
  if (isName && !BUILT_IN_NAME.test(name)) return bounded(name, value)
  const className = constructorNameOf(value)
  if (className !== '') return bounded(className)
  return isName ? name : ERROR_TYPE_OTHER
}

/** True for an error of a built-in class other than `Error`. */
export function isOfLanguage(value: object): boolean {
  const name = textOf(value, 'name')
  return name !== 'Error' && BUILT_IN_NAME.test(name) && BUILT_IN_NAME.test(classNameOf(value))
}

/** True for an error with a built-in name: Node's errors have their own classes with such names. */
export function isNamedAsOfLanguage(value: object): boolean {
  return BUILT_IN_NAME.test(textOf(value, 'name'))
}

function constructorNameOf(value: object): string {
  try {
    const name: unknown = value.constructor?.name
    // Shorter names come from a minifier, and change with the next build.
    const isTelling = typeof name === 'string' && name.length > 2 && CLASS_NAME.test(name)
    return isTelling && name !== 'Object' ? name : ''
  } catch {
    return ''
  }
}

const MOST_NAMES = 500
const names = new Set<string>()

/** The name, or the class name once there were too many different names, which means that names contain data. */
function bounded(name: string, value?: object): string {
  if (names.has(name)) return name
  if (names.size >= MOST_NAMES) {
    const className = value ? constructorNameOf(value) : ''
    return BUILT_IN_NAME.test(className) || names.has(className) ? className : ERROR_TYPE_OTHER
  }
  names.add(name)
  return name
}

/** The property `name` of a thrown value; an empty string when it cannot be read. */
export function nameOf(value: unknown): string {
  return value === null || typeof value !== 'object' ? '' : textOf(value, 'name')
}

/** An unpaired surrogate, which can come from a JSON body, cannot be encoded as UTF-8. */
export function wellFormed(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, '\ufffd')
}

/** A string property; an empty string when it isn't a string or cannot be read. */
export function textOf(value: object, key: string): string {
  try {
    const property = (value as Record<string, unknown>)[key]
    return typeof property === 'string' ? wellFormed(property) : ''
  } catch {
    return ''
  }
}
