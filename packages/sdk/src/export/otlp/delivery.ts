import { type Answer, refused, type Transport } from './transport.ts'

/** Milliseconds before the second attempt; 1.5 times as long before each further one. */
const FIRST_BACKOFF = 1000
const GROWTH = 1.5
const MAX_BACKOFF = 5000
/** Random share by which a wait is shortened or extended, so that processes do not all retry at the same time. */
const JITTER = 0.2

/**
 * Minimum milliseconds for another attempt: one that is cut off immediately may still arrive, but would be counted as
 * failed.
 */
const LEAST_TRY = 250

/** Longer than a Node timer can wait. */
const FOREVER = 2 ** 31

/**
 * Sends requests, one at a time, and retries each while OTLP allows it and its time has not run out. It does not keep
 * an otherwise finished process alive; the code that waits for a request does.
 */
export class Delivery {
  private readonly transport: Transport
  private readonly onUnreachable: (reason: string) => void
  private readonly givenUp = new AbortController()
  private hurries = 0
  /** Why the current request has no outcome yet. */
  private delay: string | undefined
  /** Ends the wait before the next attempt. */
  private wake: (() => void) | undefined

  /** @param onUnreachable called with the reason each time the endpoint cannot be reached */
  constructor(transport: Transport, onUnreachable: (reason: string) => void = () => {}) {
    this.transport = transport
    this.onUnreachable = onUnreachable
  }

  /**
   * Sends a request; never rejects.
   * @param timeout milliseconds for all its attempts
   */
  async deliver(parts: readonly Uint8Array[], timeout: number): Promise<Answer> {
    const deadline = performance.now() + timeout
    this.delay = 'no answer'
    const expiry = new AbortController()
    const timer = timeout < FOREVER ? setTimeout(() => expiry.abort(), timeout).unref() : undefined
    const signal = AbortSignal.any([this.givenUp.signal, expiry.signal])
    try {
      for (let backoff = FIRST_BACKOFF; ; backoff = Math.min(backoff * GROWTH, MAX_BACKOFF)) {
        const answer = await this.transport.send(parts, signal)
        if (this.givenUp.signal.aborted) return refused('given up')
        if (expiry.signal.aborted) return refused(`no answer within ${timeout} ms`)
        if (answer.kind !== 'later') return answer
        this.delay = answer.reason
        if (answer.isUnreachable) {
          this.onUnreachable(answer.reason)
          if (this.hurries > 0) return answer
        }
        const wait = answer.after ?? backoff * (1 + JITTER * (2 * Math.random() - 1))
        if (performance.now() + wait + LEAST_TRY > deadline) return answer
        await this.pause(wait, signal, answer.isUnreachable)
        if (signal.aborted) return answer
      }
    } finally {
      clearTimeout(timer)
      this.delay = undefined
    }
  }

  /**
   * Stops retrying an unreachable endpoint; a current wait ends with one last attempt.
   * @returns a function that allows retries again
   */
  hurry(): () => void {
    this.hurries += 1
    this.wake?.()
    return () => {
      this.hurries -= 1
    }
  }

  /**
   * Abandons the current request, and closes the connections.
   * @returns why it has no outcome, if there is a current request
   */
  giveUp(): string | undefined {
    const { delay } = this
    this.givenUp.abort()
    this.close()
    return delay
  }

  close(): void {
    this.transport.close()
  }

  private async pause(milliseconds: number, signal: AbortSignal, canHurry: boolean): Promise<void> {
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, milliseconds).unref()
      const end = (): void => {
        clearTimeout(timer)
        resolve()
      }
      signal.addEventListener('abort', end, { once: true })
      if (canHurry) this.wake = end
    })
    this.wake = undefined
  }
}
