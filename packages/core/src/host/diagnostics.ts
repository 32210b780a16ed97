import { context, diag, ROOT_CONTEXT } from '@opentelemetry/api'

/** After a cause was reported, it is only counted for this long, in milliseconds. */
const PERIOD = 60_000

/** Number of causes tracked separately; further ones share one entry. */
const MOST_CAUSES = 100

type Level = 'error' | 'warn'

interface Cause {
  readonly level: Level
  readonly message: string
  /** Occurrences since it was last reported. */
  count: number
}

const causes = new Map<string, Cause>()
let listening: unknown
let timer: NodeJS.Timeout | undefined

/**
 * Reports a message to `diag` only: in full the first time, then once a minute with the number of repetitions. Never
 * throws. Messages without a registered logger are not counted, so a logger registered later still gets the full
 * message.
 * @param message the cause, without variable parts
 * @param error what was thrown, if anything; its class is part of the cause
 */
export function say(level: Level, message: string, ...error: [] | [unknown]): void {
  try {
    const logger = loggerNow()
    if (!logger) return
    if (logger !== listening) {
      listening = logger
      causes.clear()
      clearTimeout(timer)
      timer = undefined
    }
    const own = `${level} ${message} ${classOf(error[0])}`
    const key = causes.has(own) || causes.size < MOST_CAUSES ? own : OTHERS
    const known = causes.get(key)
    if (known) {
      known.count++
      return
    }
    causes.set(key, { level, message: key === OTHERS ? 'spanwright: other failures' : message, count: 0 })
    // Outside the active context, which a timer would retain.
    timer ??= context.with(ROOT_CONTEXT, () => setTimeout(reportCounts, PERIOD).unref())
    diag[level](message, ...error)
  } catch {
    // A diag logger that throws must not affect the application either.
  }
}

const OTHERS = 'others'

function reportCounts(): void {
  timer = undefined
  try {
    for (const [key, cause] of causes) {
      const { level, message, count } = cause
      cause.count = 0
      if (count === 0) causes.delete(key)
      else if (listening === loggerNow()) diag[level](`${message} (${count} more times within a minute)`)
    }
    if (causes.size > 0) timer = setTimeout(reportCounts, PERIOD).unref()
  } catch {
    causes.clear()
  }
}

function classOf(error: unknown): string {
  return typeof error === 'object' && error !== null
    ? String((error as { name?: unknown }).name)
    : typeof error
}

// The API does not expose whether there is a logger, or which; its state is stored under this registered symbol.
const API = Symbol.for('opentelemetry.js.api.1')

/** Whether a logger is registered with `diag`. */
export function isHeard(): boolean {
  return loggerNow() !== undefined
}

function loggerNow(): unknown {
  return (globalThis as { readonly [API]?: { readonly diag?: unknown } })[API]?.diag
}
