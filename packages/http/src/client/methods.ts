// Registered, so that two copies of this package see each other's requests.
export const FOLLOWER: unique symbol = Symbol.for('spanwright.http.follower')

/** What receives the calls of the methods below. */
interface Receiver {
  emit(args: readonly unknown[]): unknown
  push(args: readonly unknown[]): unknown
  destroyRequest(args: readonly unknown[]): unknown
  destroyResponse(args: readonly unknown[]): unknown
  setTimeoutOfResponse(args: readonly unknown[]): unknown
  noteTimeout(): void
}

/** A request or a response with methods of its own. */
export interface Followed {
  [FOLLOWER]?: Receiver
  emit?: unknown
  push?: unknown
  destroy?: unknown
  setTimeout?: unknown
}

/** A method of a request or a response. */
export type Method = (this: unknown, ...args: unknown[]) => unknown

// Without a parameter before the others, the arguments are not copied.
export const emit: Method = Object.defineProperty(
  named('emit', function (this: Followed, ...args: unknown[]) {
    return this[FOLLOWER]?.emit(args)
  }),
  'length',
  { value: 1 },
)

export const push: Method = named('push', function (this: Followed, chunk: unknown, encoding: unknown) {
  return this[FOLLOWER]?.push([chunk, encoding])
})

export const destroyRequest: Method = named('destroy', function (this: Followed, error: unknown) {
  return this[FOLLOWER]?.destroyRequest([error])
})

export const destroyResponse: Method = named(
  'destroy',
  function (this: Followed, error: unknown, callback: unknown) {
    return this[FOLLOWER]?.destroyResponse([error, callback])
  },
)

export const setTimeoutOfResponse: Method = named(
  'setTimeout',
  function (this: Followed, delay: unknown, callback: unknown) {
    return this[FOLLOWER]?.setTimeoutOfResponse([delay, callback])
  },
)

export const noteTimeout: Method = named('noteTimeout', function (this: Followed) {
  this[FOLLOWER]?.noteTimeout()
})

export function methodOf(target: object, name: string): Method {
  return (target as Record<string, Method>)[name]!
}

function named(name: string, method: (this: Followed, ...args: unknown[]) => unknown): Method {
  return Object.defineProperty(method, 'name', { value: name }) as Method
}
