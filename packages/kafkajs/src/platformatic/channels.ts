import { subscribe, unsubscribe } from 'node:diagnostics_channel'

import { guarded } from '@spanwright/core/plugin'

type Subscriber = (message: unknown) => void

/** The message of a traced call, the same object in every event. */
export interface Published {
  readonly operation: string
  readonly client: object
  readonly error?: unknown
  readonly result?: unknown
}

/** How a call ended. */
export interface CallEnding {
  readonly failure: { readonly error: unknown } | undefined
  readonly result: unknown
}

/** Starts following a call, and returns a function to call at its end; undefined for a call that is left alone. */
export type Follow = (published: Published) => ((ending: CallEnding) => void) | undefined

/**
 * Channels of @platformatic/kafka. They are subscribed to while held, so that operations in progress when tracing stops
 * are still followed to their end.
 */
export class Channels {
  private readonly subscribers: readonly (readonly [string, Subscriber])[]
  private readonly open = new WeakMap<object, (ending: CallEnding) => void>()
  private holders = 0

  /**
   * @param events subscribers by channel name, without its prefix
   * @param calls functions that follow the calls of a tracing channel, by its name
   */
  constructor(
    events: Readonly<Record<string, (message: never) => void>>,
    calls: Readonly<Record<string, Follow>>,
  ) {
    const end = (message: unknown): void => this.end(message as Published)
    const subscribers: [string, Subscriber][] = Object.entries(events).map(([name, subscriber]) => [
      name,
      subscriber as Subscriber,
    ])
    for (const [name, follow] of Object.entries(calls)) {
      subscribers.push([eventOf(name, 'start'), message => this.start(follow, message as Published)])
      // A call that throws synchronously publishes only its error.
      subscribers.push([eventOf(name, 'error'), end], [eventOf(name, 'asyncStart'), end])
    }
    // Whatever a subscriber throws would become an uncaught exception of the process.
    this.subscribers = subscribers.map(([name, subscriber]) => [
      name,
      guarded(`following ${name}`, subscriber),
    ])
  }

  /** Subscribes until the returned function is called. */
  hold(): () => void {
    if (this.holders++ === 0) for (const [name, subscriber] of this.subscribers) subscribe(name, subscriber)
    return () => {
      if (--this.holders > 0) return
      for (const [name, subscriber] of this.subscribers) unsubscribe(name, subscriber)
    }
  }

  private start(follow: Follow, published: Published): void {
    const ended = follow(published)
    if (!ended) return
    const release = this.hold()
    this.open.set(published, ending => {
      release()
      ended(ending)
    })
  }

  private end(published: Published): void {
    const ended = this.open.get(published)
    if (!ended) return
    this.open.delete(published)
    const { error, result } = published
    ended({ failure: error ? { error } : undefined, result })
  }
}

/** The channel name of one event of a tracing channel. */
export function eventOf(channel: string, event: 'start' | 'asyncStart' | 'error'): string {
  return `tracing:plt:kafka:${channel}:${event}`
}

/** Publishes every client, stream and connection that is created. */
export const INSTANCES = 'plt:kafka:instances'
