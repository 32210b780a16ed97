import { attempt, reportFailure } from './guard.ts'

/** What ends a process unless something listens to it. */
export type EndingEvent = 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGQUIT' | 'uncaughtException'

/** What tracing does when a process is asked to end. */
export interface EndingWork {
  /** Done at once, before any listener of the application. */
  readonly begin?: () => void
  /** Sends what there is, where the application listens too and decides by itself whether the process ends. */
  readonly flush?: () => Promise<unknown>
  /** Sends what there is for the last time; settles within a bounded time. */
  readonly finish?: () => Promise<unknown>
}

type Listener = (value: unknown) => void

/** The listeners of a process, by what the registry does with them. */
interface Listeners {
  listeners(event: string): readonly unknown[]
  on(event: string, listener: Listener): unknown
  prependListener(event: string, listener: Listener): unknown
  off(event: string, listener: Listener): unknown
}

interface Registry {
  readonly watches: Map<string, EventWatch>
  isEnding: boolean
}

// One for all parts of tracing in a process, under a registered symbol: of several listeners of its own, each would take
// the others for the application's.
const REGISTRY_KEY = Symbol.for('spanwright.processEnd')
const shared = globalThis as unknown as { [REGISTRY_KEY]?: Registry }
const REGISTRY: Registry = (shared[REGISTRY_KEY] ??= { watches: new Map(), isEnding: false })

const host = process as unknown as Listeners

/**
 * Does work before a process ends by a signal or an uncaught exception, which then ends it as it would have. Where the
 * application listens, in whatever way, it decides whether the process ends.
 * @returns withdraws the work
 */
export function beforeEnd(events: readonly EndingEvent[], work: EndingWork): () => void {
  const watches = events.map(event => {
    const watch = REGISTRY.watches.get(event) ?? new EventWatch(event)
    watch.add(work)
    return watch
  })
  return () => {
    for (const watch of watches) watch.remove(work)
  }
}

/** The listener for one event. */
class EventWatch {
  private readonly event: EndingEvent
  private readonly works = new Set<EndingWork>()

  constructor(event: EndingEvent) {
    this.event = event
  }

  add(work: EndingWork): void {
    if (this.works.size === 0) {
      if (REGISTRY.watches.size === 0) host.on('newListener', stayFirst as Listener)
      REGISTRY.watches.set(this.event, this)
      host.prependListener(this.event, this.listener)
    }
    this.works.add(work)
  }

  remove(work: EndingWork): void {
    if (this.works.delete(work) && this.works.size === 0) this.withdraw()
  }

  /** A listener that comes before would be gone already if it was added by `once`. */
  goFirst(): void {
    if (this.works.size === 0 || host.listeners(this.event)[0] === this.listener) return
    host.off(this.event, this.listener)
    host.prependListener(this.event, this.listener)
  }

  private readonly listener: Listener = value => {
    const works = [...this.works]
    const isAlone = host.listeners(this.event).every(listener => listener === this.listener)
    for (const { begin } of works) if (begin) attempt(`ending by ${this.event}`, begin)
    if (!isAlone) {
      for (const { flush } of works) {
        flush?.().catch((error: unknown) => reportFailure(`flush on ${this.event}`, error))
      }
      return
    }
    // What asks twice does not want to wait.
    if (REGISTRY.isEnding) return this.end(value)
    REGISTRY.isEnding = true
    const finished = works.map(async ({ finish }) => finish?.())
    void Promise.allSettled(finished).then(() => this.end(value))
  }

  private end(value: unknown): void {
    const { event } = this
    this.works.clear()
    this.withdraw()
    if (event !== 'uncaughtException') process.kill(process.pid, event)
    else {
      // Out of every promise, so that it is uncaught once more and nothing is left to hold it up.
      setImmediate(() => {
        throw value
      })
    }
  }

  private withdraw(): void {
    host.off(this.event, this.listener)
    REGISTRY.watches.delete(this.event)
    if (REGISTRY.watches.size === 0) host.off('newListener', stayFirst as Listener)
  }
}

function stayFirst(event: string | symbol): void {
  // It is told before the listener is added.
  if (typeof event === 'string' && REGISTRY.watches.has(event)) {
    queueMicrotask(() => REGISTRY.watches.get(event)?.goFirst())
  }
}
