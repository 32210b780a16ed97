// A registered symbol, so that two copies of this package recognise each other's interceptors.
const OURS = Symbol.for('spanwright.grpc.interceptor')

/** Marks an interceptor as one of this package. */
export function markAsOurs<Interceptor extends object>(interceptor: Interceptor): Interceptor {
  return Object.defineProperty(interceptor, OURS, { value: true })
}

/** True for an interceptor of this package. */
export function isOurs(interceptor: unknown): boolean {
  return typeof interceptor === 'function' && OURS in interceptor
}
