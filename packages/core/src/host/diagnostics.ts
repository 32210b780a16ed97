import { diag } from '@opentelemetry/api'

/** After a cause was reported, it is only counted for this long, in milliseconds. */
const PERIOD = 60_000

/** Number of causes tracked separately within a period; further ones are not reported. */
const MOST_CAUSES = 100

type Level = 'error' | 'warn'

interface Cause {
  readonly reportedAt: number
  /** Occurrences since then. */
  count: number
}

const causes = new Map<string, Cause>()
let listening: unknown

/**
 * Reports a message to `diag` only: the first time, then at most once a minute with the number of repetitions. Never
 * throws. Messages without a registered logger are not counted, so a logger registered later still gets the message.
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
    }
    // No timer reports the repetitions: it would write to the console of a program, or of a test, that has finished.
    const now = performance.now()
    const key = `${level} ${message} ${classOf(error[0])}`
    const known = causes.get(key)
    if (known && now - known.reportedAt < PERIOD) {
      known.count++
      return
    }
    if (causes.size >= MOST_CAUSES) deleteOld(now)
    if (causes.size >= MOST_CAUSES && !known) return
    causes.set(key, { reportedAt: now, count: 0 })
    diag[level](known?.count ? withCount(message, known.count) : message, ...error)
  } catch {
    // A diag logger that throws must not affect the application either.
  }
}

function deleteOld(now: number): void {
  for (const [key, { reportedAt }] of causes) if (now - reportedAt >= PERIOD) causes.delete(key)
}

function withCount(message: string, count: number): string {
  return `${message} (${count} more ${count === 1 ? 'time' : 'times'} since the last report)`
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
