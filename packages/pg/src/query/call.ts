import { copyWith } from '@spanwright/core/plugin'

/** A callback of node-postgres: an error, or what came of the call. */
export type Callback = (this: unknown, ...results: unknown[]) => unknown

/** Arguments of `query()`: text or a configuration, values, a callback; the last two may be left out. */
export type QueryArguments = readonly [config: unknown, values?: unknown, callback?: unknown]

/** What a call of `query()` asks for. */
export interface QueryCall {
  readonly text: string
  readonly name: string | undefined
  readonly parameters: readonly unknown[] | undefined
  /** Where the callback is, if there is one. */
  readonly callback: 'values' | 'callback' | 'config' | undefined
}

interface QueryConfig {
  readonly text?: unknown
  readonly name?: unknown
  readonly values?: unknown
  readonly callback?: unknown
}

/**
 * Reads a call without changing anything of it; undefined when node-postgres will refuse it.
 * @param onPool of two callbacks a pool takes the one in place of values, a client the last one; a pool takes none
 * from a configuration
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

/** What is to take the place of something in a call. */
export interface Replacement {
  readonly callback?: Callback | undefined
  readonly text?: string | undefined
}

/**
 * The same arguments with another callback or text. A configuration is copied: older versions of node-postgres write
 * the callback on the one they are given.
 */
export function replaceIn(
  args: QueryArguments,
  call: QueryCall,
  { callback, text }: Replacement,
): QueryArguments {
  const changed = [...args]
  const [config] = args
  if (isSubmittable(config)) {
    // What speaks the protocol itself is run as the very object it is.
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

/** An object that speaks the protocol itself: `pg.Query`, a cursor, a stream. */
export interface Submittable {
  submit(...args: never[]): unknown
}

export function isSubmittable(config: unknown): config is Submittable {
  return typeof (Object(config) as { submit?: unknown }).submit === 'function'
}

/** What a submittable asks for; a stream may keep it in its cursor. */
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

/** True when two calls ask for the same. */
export function isSameCall(one: QueryCall, other: QueryCall): boolean {
  return one.text === other.text && one.name === other.name
}
