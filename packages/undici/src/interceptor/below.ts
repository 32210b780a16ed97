import type { DispatchOptions } from '../undici-types.ts'

/** What has been observed of the dispatcher below. */
export interface Below {
  /**
   * True when its interceptors pass on copies of the options, as those do that may answer by themselves. Undefined until
   * a request has been sent.
   */
  copies: boolean | undefined
}

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** True when a request may be answered without being sent. */
export function mayBeAnswered(below: Below, method: string): boolean {
  return below.copies === true && SAFE_METHODS.has(method)
}

/** Shows whether undici has read the options it was passed, or a copy of them. */
export interface Witness {
  /** The request was sent. */
  settle(): void
}

/** Undici reads an option that these options inherit; a copy lacks it. */
export function addWitness(options: DispatchOptions, below: Below): Witness | undefined {
  if ('expectContinue' in options || Object.getPrototypeOf(options) !== Object.prototype) return undefined
  let isRead = false
  Object.setPrototypeOf(options, {
    get expectContinue(): undefined {
      isRead = true
      return undefined
    },
  })
  return {
    settle() {
      below.copies = !isRead
    },
  }
}
