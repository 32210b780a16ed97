import { say } from './diagnostics.ts'

/**
 * True when `tracing` itself was called as a middleware: by Express with `next` as third argument, by Koa as second.
 */
export function isCalledAsMiddleware(args: ArrayLike<unknown>): boolean {
  return args.length > 1 && typeof args[args.length - 1] === 'function'
}

/**
 * Passes on a request that reached tracing in the wrong place.
 * @param mistake what is wrong and how to fix it
 * @param args the arguments of the middleware call
 * @returns the result of the rest of the app
 */
export function letThrough(mistake: string, args: ArrayLike<unknown>): unknown {
  say('error', `spanwright: ${mistake}`)
  const next = args[args.length - 1]
  return typeof next === 'function' ? (next as () => unknown)() : undefined
}
