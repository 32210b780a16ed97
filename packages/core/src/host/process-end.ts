import { attempt, reportFailure } from './guard.ts'

/** Events that end a process unless a listener is registered. */
export type EndingEvent = 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGQUIT' | 'uncaughtException'

/** What tracing does when a process is asked to end. */
export interface EndingWork {
  /** Runs immediately, before any listener of the application. */
  readonly begin?: () => void
  /** Sends waiting data when the application also listens and decides whether the process ends. */
  readonly flush?: () => Promise<unknown>
  /** Sends waiting data for the last time; settles within a bounded time. */
  readonly finish?: () => Promise<unknown>
}

type Listener = (value: unknown) => void

/** The listener functions of a process that the registry uses. */
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

// One registry per process, under a registered symbol: with several listeners, each would mistake the others for the
// application's.
const REGISTRY_KEY = Symbol.for('spanwright.processEnd')
const shared = globalThis as unknown as { [REGISTRY_KEY]?: Registry }
const REGISTRY: Registry = (shared[REGISTRY_KEY] ??= { watches: new Map(), isEnding: false })

const host = process as unknown as Listeners

/**
 * Does work before a signal or an uncaught exception ends the process; the process then ends as it would have. If the
 * application listens to the event in any way, it decides whether the process ends.
 * @returns a function that withdraws the work
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

  /** Moves our listener first: a listener before it that was added by `once` would already be removed. */
  goFirst(): void {
    if (this.works.size === 0 || host.listeners(this.event)[0] === this.listener) return
    host.off(this.event, this.listener)
    host.prependListener(this.event, this.listener)
  }

  private readonly listener: Listener = value => {
    const works = [...this.works]
    const others = host.listeners(this.event).filter(listener => listener !== this.listener)
    const isAlone = others.length <= (this.event === 'uncaughtException' ? 0 : listenersOfSignalExit())
    for (const { begin } of works) if (begin) attempt(`ending by ${this.event}`, begin)
    if (!isAlone) {
      for (const { flush } of works) {
        flush?.().catch((error: unknown) => reportFailure(`flush on ${this.event}`, error))
      }
      return
    }
    // A second signal means: do not wait.
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
      // Outside any promise, so that it is uncaught again and nothing delays it.
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
  // Called before the listener is added.
  if (typeof event === 'string' && REGISTRY.watches.has(event)) {
    queueMicrotask(() => REGISTRY.watches.get(event)?.goFirst())
  }
}

interface SignalExitEmitter {
  readonly count?: unknown
}

interface SignalExitHost {
  readonly __signal_exit_emitter__?: SignalExitEmitter
  readonly [SIGNAL_EXIT_4]?: SignalExitEmitter
}

const SIGNAL_EXIT_4 = Symbol.for('signal-exit emitter')

/**
 * How many listeners the copies of signal-exit have on each signal. They end the process when all listeners are theirs;
 * until then they do nothing. Both major versions show each other their number in this way.
 */
function listenersOfSignalExit(): number {
  const { __signal_exit_emitter__: third } = process as SignalExitHost
  const { [SIGNAL_EXIT_4]: fourth } = globalThis as SignalExitHost
  return numberOf(third?.count) + numberOf(fourth?.count)
}

function numberOf(count: unknown): number {
  return typeof count === 'number' ? count : 0
}
