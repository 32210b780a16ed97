import type { IncomingMessage } from 'node:http'

/** A request as far as it tells whether another one is sent in its place. */
export interface Attempt {
  readonly method: string
  readonly url: string
  /** Number of requests that were sent in its place before. */
  readonly resendCount: number
}

/** A request that may be sent in the place of another. */
export interface Expected {
  /** Undefined where a redirect may change it. */
  readonly method?: string
  readonly url: string
  /** Number of requests sent for the same purpose before the other. */
  readonly resendCount: number
}

let expected: Expected | undefined

/**
 * Calls a method whose listeners may send a request in the place of another. Clients do that synchronously when they
 * follow a redirect, or when they retry without a delay.
 */
export function whileExpecting(
  next: Expected,
  method: (this: unknown, ...args: unknown[]) => unknown,
  self: unknown,
  args: readonly unknown[],
): unknown {
  const before = expected
  expected = next
  try {
    return Reflect.apply(method, self, args)
  } finally {
    expected = before
  }
}

/** The request that follows a redirect; undefined when a response is none. */
export function redirectOf(
  { url, resendCount }: Attempt,
  { statusCode = 0, headers: { location } }: IncomingMessage,
): Expected | undefined {
  if (statusCode < 300 || statusCode >= 400 || location === undefined) return undefined
  return URL.canParse(location, url) ? { url: new URL(location, url).href, resendCount } : undefined
}

/** How many requests were sent in the place of a new one, as far as that is known. */
export function resendCountOf(method: string, url: string): number {
  if (!expected || (expected.method !== undefined && expected.method !== method)) return 0
  return isSameUrl(expected.url, url) ? expected.resendCount + 1 : 0
}

/** True for two spellings of one URL, without regard to what is not sent as its target. */
export function isSameUrl(url: string, other: string): boolean {
  return url === other || (URL.canParse(url) && normalized(url) === normalized(other))
}

function normalized(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url) return undefined
  url.hash = url.username = url.password = ''
  return url.href
}
