import { copyWith } from '@spanwright/core/plugin'

/** A node-postgres callback: receives an error, or the result of the call. */
export type Callback = (this: unknown, ...results: unknown[]) => unknown

/** Arguments of `query()`: text or a configuration, then optionally values and a callback. */
export type QueryArguments = readonly [config: unknown, values?: unknown, callback?: unknown]

/** The contents of a call of `query()`. */
export interface QueryCall {
  readonly text: string
  readonly name: string | undefined
  readonly parameters: readonly unknown[] | undefined
  /** The position of the callback, if there is one. */
  readonly callback: 'values' | 'callback' | 'config' | undefined
}

interface QueryConfig {
  readonly text?: unknown
  readonly name?: unknown
  readonly values?: unknown
  readonly callback?: unknown
}

/**
 * Reads a call without changing it; undefined when node-postgres will refuse it.
 * @param onPool whether it is a pool: of two callbacks a pool uses the one in place of values, a client the last one; a
 * pool ignores a callback in the configuration
 */
export function readCall([config, values, callback]: QueryArguments, onPool: boolean): QueryCall | undefined {
  const isLast = typeof callback === 'function' && !(onPool && typeof values === 'function')
  const callbackAt = isLast ? 'callback' : typeof values === 'function' ? 'values' : undefined
  if (typeof config === 'string') {
    return { text: config, name: undefined, parameters: listOf(values), callback: callbackAt }
  }
  if (typeof config !== 'object' || config === null) return undefined
  const { text, name, values: ownValues, callback: own } = config as QueryConfig
  return {
    text: typeof text === 'string' ? text : '',
    name: typeof name === 'string' ? name : undefined,
    parameters: listOf(values) ?? listOf(ownValues),
    callback: callbackAt ?? (typeof own === 'function' && !onPool ? 'config' : undefined),
  }
}

/** The callback of a call. */
export function callbackOf([config, values, callback]: QueryArguments, call: QueryCall): Callback {
  if (call.callback === 'values') return values as Callback
  if (call.callback === 'callback') return callback as Callback
  return (config as QueryConfig).callback as Callback
}

/** Replacements for parts of a call. */
export interface Replacement {
  readonly callback?: Callback | undefined
  readonly text?: string | undefined
}

/**
 * The same arguments with another callback or text. A configuration is copied: older versions of node-postgres write
 * the callback to the one they are given.
 */
export function replaceIn(
  args: QueryArguments,
  call: QueryCall,
  { callback, text }: Replacement,
): QueryArguments {
  const changed = [...args]
  const [config] = args
  if (isSubmittable(config)) {
    // An object that uses the protocol directly is passed on itself.
  } else if (typeof config === 'object' && config !== null) {
    changed[0] = copyWith(config, {
      ...(text !== undefined && { text }),
      ...(callback && call.callback === 'config' && { callback }),
    })
  } else if (text !== undefined) changed[0] = text
  if (callback && call.callback === 'values') changed[1] = callback
  if (callback && call.callback === 'callback') changed[2] = callback
  return changed as unknown as QueryArguments
}

function listOf(values: unknown): readonly unknown[] | undefined {
  return Array.isArray(values) ? values : undefined
}

/** An object that uses the protocol directly: `pg.Query`, a cursor, a stream. */
export interface Submittable {
  submit(...args: never[]): unknown
}

export function isSubmittable(config: unknown): config is Submittable {
  return typeof (Object(config) as { submit?: unknown }).submit === 'function'
}

/** The query of a submittable; a stream may keep it in its cursor. */
export function readSubmittable(submittable: Submittable): QueryCall {
  const { text, name, values, cursor } = submittable as QueryConfig & { readonly cursor?: QueryConfig }
  const found = text ?? cursor?.text
  return {
    text: typeof found === 'string' ? found : '',
    name: typeof name === 'string' ? name : undefined,
    parameters: listOf(values ?? cursor?.values),
    callback: undefined,
  }
}

/** True when two calls run the same query. */
export function isSameCall(one: QueryCall, other: QueryCall): boolean {
  return one.text === other.text && one.name === other.name
}
