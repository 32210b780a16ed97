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

/**
 * The same arguments with another callback. A configuration is copied: older versions of node-postgres write the
 * callback on the one they are given.
 */
export function withCallback(args: QueryArguments, call: QueryCall, replacement: Callback): QueryArguments {
  const [config, values] = args
  const own = typeof config === 'object' && config !== null ? copyOf(config) : config
  if (call.callback === 'values') return [own, replacement]
  if (call.callback === 'callback') return [own, values, replacement]
  Object.defineProperty(own, 'callback', {
    value: replacement,
    configurable: true,
    enumerable: true,
    writable: true,
  })
  return [own, values]
}

/** A shallow copy with the same prototype and accessors, also of a frozen object. */
function copyOf(config: object): object {
  const descriptors = Object.getOwnPropertyDescriptors(config)
  for (const descriptor of Object.values(descriptors)) {
    descriptor.configurable = true
    if ('writable' in descriptor) descriptor.writable = true
  }
  return Object.create(Object.getPrototypeOf(config) as object | null, descriptors) as object
}

function listOf(values: unknown): readonly unknown[] | undefined {
  return Array.isArray(values) ? values : undefined
}
