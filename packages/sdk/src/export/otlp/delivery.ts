import { type Answer, refused, type Transport } from './transport.ts'

/** Milliseconds before the second try; half as much again before each further one. */
const FIRST_BACKOFF = 1000
const GROWTH = 1.5
const MAX_BACKOFF = 5000
/** Share by which a wait is shorter or longer by chance, so that not all processes come back at once. */
const JITTER = 0.2

/** Milliseconds that a further try needs: one that is cut off at once may still arrive, and is counted as failed. */
const LEAST_TRY = 250

/** Longer than a timer of Node can wait. */
const FOREVER = 2 ** 31

/**
 * Sends requests, one at a time, each again and again while OTLP allows it and its time is not over. Nothing of it keeps
 * a process alive that has nothing else to do: who waits for a request does.
 */
export class Delivery {
  private readonly transport: Transport
  private readonly onUnreachable: (reason: string) => void
  private readonly givenUp = new AbortController()
  private hurries = 0
  /** Why the request that is on its way has no outcome yet. */
  private delay: string | undefined
  /** Ends the wait before the next try. */
  private wake: (() => void) | undefined

  /** @param onUnreachable told each time nothing answers, and why */
  constructor(transport: Transport, onUnreachable: (reason: string) => void = () => {}) {
    this.transport = transport
    this.onUnreachable = onUnreachable
  }

  /**
   * Sends a request; never rejects.
   * @param timeout milliseconds for all its tries
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
   * From now on an endpoint that cannot be reached is not tried again; a wait for it ends, for one last try.
   * @returns ends the hurry
   */
  hurry(): () => void {
    this.hurries += 1
    this.wake?.()
    return () => {
      this.hurries -= 1
    }
  }

  /**
   * Lets go of the request that is on its way, and closes the connections.
   * @returns why it has no outcome, if there is one
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
