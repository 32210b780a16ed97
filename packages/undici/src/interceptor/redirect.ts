import type { Context } from '@opentelemetry/api'

/** A redirect response to a request. */
export interface Redirect {
  readonly target: string
  readonly parent: Context
  readonly attempts: number
  /** True while undici reports the end of the request to its handlers: a request sent now follows the redirect. */
  isEnding: boolean
}

/** Redirects that may still be followed. */
const open = new Set<Redirect>()

/** Remembers a redirect until the event loop turn after its response. */
export function rememberRedirect(
  from: string,
  location: unknown,
  parent: Context,
  attempts: number,
): Redirect | undefined {
  const place = Array.isArray(location) ? (location[0] as unknown) : location
  if (typeof place !== 'string' || !URL.canParse(place, from)) return undefined
  const url = new URL(place, from)
  url.hash = ''
  const redirect: Redirect = { target: url.href, parent, attempts, isEnding: false }
  keepOpen(redirect)
  return redirect
}

/** Undici ends the request: an interceptor that follows the redirect does so now, in any context. */
export function endRedirect(redirect: Redirect): void {
  keepOpen(redirect)
  redirect.isEnding = true
  queueMicrotask(() => {
    redirect.isEnding = false
  })
}

function keepOpen(redirect: Redirect): void {
  open.add(redirect)
  setImmediate(() => open.delete(redirect)).unref()
}

/** The redirect that a request follows, if it does. */
export function followedRedirect(url: string, active: Context): Redirect | undefined {
  for (const redirect of open) {
    if (redirect.target !== url || !(redirect.isEnding || redirect.parent === active)) continue
    open.delete(redirect)
    return redirect
  }
  return undefined
}
