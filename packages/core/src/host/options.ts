import { inspect } from 'node:util'

/** What one option accepts: a description and a check. */
export interface OptionRule {
  readonly expected: string
  accepts(value: unknown): boolean
  /** Copies a value the application could change later; absent when the value itself is used. */
  copy?(value: unknown): unknown
}

/** Every option an entry point knows. */
export type OptionRules = Readonly<Record<string, OptionRule>>

export const aBoolean: OptionRule = { expected: 'true or false', accepts: v => typeof v === 'boolean' }
export const aFunction: OptionRule = { expected: 'a function', accepts: v => typeof v === 'function' }
export const aString: OptionRule = {
  expected: 'a non-empty string',
  accepts: v => typeof v === 'string' && v !== '',
}
export const aListOfStrings: OptionRule = {
  expected: 'an array of strings',
  accepts: v => Array.isArray(v) && v.every(item => typeof item === 'string'),
  copy: v => Object.freeze([...(v as readonly unknown[])]),
}
export const aPositiveNumber: OptionRule = {
  expected: 'a number above 0',
  accepts: v => typeof v === 'number' && v > 0 && Number.isFinite(v),
}

/** One of the given strings. */
export function oneOf(...values: readonly string[]): OptionRule {
  return {
    expected: values.map(value => `'${value}'`).join(', '),
    accepts: v => typeof v === 'string' && values.includes(v),
  }
}

/** An object with certain methods, such as a provider. */
export function anObjectWith(what: string, ...methods: readonly string[]): OptionRule {
  return {
    expected: `${what} (an object with ${methods.map(method => `${method}()`).join(', ')})`,
    accepts: v =>
      methods.every(method => typeof (v as Record<string, unknown> | null)?.[method] === 'function'),
  }
}

/** An object of optional nested options. */
export function aRecordOf(rules: OptionRules): OptionRule {
  return {
    expected: `an object with ${namesOf(rules)}`,
    accepts: v =>
      isRecord(v) &&
      Object.entries(v).every(([name, item]) => {
        const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
        return rule !== undefined && (item === undefined || rule.accepts(item))
      }),
    copy: v => frozenOptions(v, rules),
  }
}

/** Any of the given rules. */
export function anyOf(...rules: readonly OptionRule[]): OptionRule {
  return {
    expected: rules.map(rule => rule.expected).join(', or '),
    accepts: v => rules.some(rule => rule.accepts(v)),
    copy: v =>
      copyBy(
        rules.find(rule => rule.accepts(v)),
        v,
      ),
  }
}

/**
 * A frozen copy of options, including nested ones, so that later changes to the caller's object have no effect. A value
 * that isn't an object is returned unchanged, to be refused later.
 */
export function frozenOptions<T>(options: T, rules: OptionRules): T {
  if (!isRecord(options)) return options
  const copy = Object.entries(options).map(([name, value]) => [
    name,
    copyBy(Object.hasOwn(rules, name) ? rules[name] : undefined, value),
  ])
  return Object.freeze(Object.fromEntries(copy)) as T
}

function copyBy(rule: OptionRule | undefined, value: unknown): unknown {
  return rule?.copy && rule.accepts(value) ? rule.copy(value) : value
}

/**
 * Checks the options of an entry point and refuses unknown or invalid ones.
 * @param caller the function the user called, for the message: `tracing()`
 * @throws TypeError that names the option, the given value and the expected one
 */
export function checkOptions(caller: string, options: unknown, rules: OptionRules): void {
  if (options === undefined) return
  if (!isRecord(options)) {
    throw new TypeError(`${caller}: options must be an object, got ${show(options)}`)
  }
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (!rule) {
      throw new TypeError(
        `${caller}: unknown option ${show(name)} (given ${show(value)})${hint(name, rules)}`,
      )
    }
    if (value !== undefined && !rule.accepts(value)) {
      throw new TypeError(`${caller}: option ${name} must be ${rule.expected}; got ${show(value)}`)
    }
  }
}

/** Formats a given value for an error message. Strings within an object, and passwords in URLs, are left out. */
export function show(value: unknown): string {
  try {
    const text = isRecord(value) ? showObject(value) : inspect(value, { depth: 0, breakLength: Infinity })
    const harmless = text
      .replaceAll(/:\/\/[^/\s]*@/g, '://…@')
      .replaceAll(/([?&][^?&=\s]*=)[^&\s'"]+/g, '$1…')
    return harmless.length > 80 ? `${harmless.slice(0, 79)}…` : harmless
  } catch {
    return typeof value
  }
}

function showObject(value: object): string {
  if (Object.getPrototypeOf(value) !== null && value.constructor?.name !== 'Object') {
    return `an instance of ${value.constructor?.name || 'a class without a name'}`
  }
  const shown = Object.entries(Object.getOwnPropertyDescriptors(value)).map(
    ([name, property]) => `${name}: ${showProperty(property)}`,
  )
  return shown.length > 0 ? `{ ${shown.join(', ')} }` : '{}'
}

function showProperty(property: PropertyDescriptor): string {
  if (!('value' in property)) return '[Getter]'
  const value: unknown = property.value
  return typeof value === 'string' ? `'…'` : inspect(value, { depth: -1 })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function namesOf(rules: OptionRules): string {
  return Object.keys(rules).toSorted().join(', ')
}

function hint(name: string, rules: OptionRules): string {
  const close = Object.keys(rules).find(known => distance(name.toLowerCase(), known.toLowerCase()) <= 2)
  return close ? `; did you mean ${close}?` : `; known options are ${namesOf(rules)}`
}

/** Levenshtein distance, for option names only. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitute = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitute))
    }
    row = next
  }
  return row[b.length] ?? 0
}
