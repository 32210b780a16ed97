/** A promise that is settled from outside. */
export interface Deferred<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
}

/** Makes a promise that is settled from outside. */
export function defer<T>(): Deferred<T> {
  let resolve: ((value: T) => void) | undefined
  const promise = new Promise<T>(settle => (resolve = settle))
  return { promise, resolve: value => resolve?.(value) }
}
