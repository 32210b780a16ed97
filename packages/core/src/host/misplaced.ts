import { say } from './diagnostics.ts'

/** True when `tracing` itself was called as a middleware is: by Express with `next` in third place, by Koa in second. */
export function isCalledAsMiddleware(args: ArrayLike<unknown>): boolean {
  return args.length > 1 && typeof args[args.length - 1] === 'function'
}

/**
 * Lets a request through that came to tracing in the wrong place.
 * @param mistake what is wrong and how it is mended
 * @param args what a middleware was called with in that place
 * @returns what the rest of the app returned
 */
export function letThrough(mistake: string, args: ArrayLike<unknown>): unknown {
  say('error', `spanwright: ${mistake}`)
  const next = args[args.length - 1]
  return typeof next === 'function' ? (next as () => unknown)() : undefined
}
