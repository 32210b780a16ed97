import { copyWith } from '@spanwright/core/plugin'

import { TRACED } from '../request-mark.ts'
import type { DispatchOptions } from '../undici-types.ts'

/** A copy of options, which is also what is sent: those given belong to the caller. */
export function copyOf(options: DispatchOptions): DispatchOptions {
  const prototype = Object.getPrototypeOf(options) as object | null
  // Also a plain object of another realm: inside Jest, those of Node's own fetch are.
  if (prototype === null || Object.hasOwn(prototype, 'isPrototypeOf'))
    return { [TRACED]: undefined, headers: undefined, ...options }
  // Members may be getters of a class, with private fields.
  return copyWith(options, { headers: options.headers })
}

/** Adds the mark of a traced request, and headers, to a copy of options. */
export function marked(copy: { headers?: unknown; [TRACED]?: unknown }, headers: unknown): DispatchOptions {
  copy[TRACED] = true
  copy.headers = headers
  return copy
}
