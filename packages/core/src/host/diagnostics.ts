import { context, diag, ROOT_CONTEXT } from '@opentelemetry/api'

/** How long a cause that was reported is only counted, in milliseconds. */
const PERIOD = 60_000

/** So many causes are told apart; those beyond share one. */
const MOST_CAUSES = 100

type Level = 'error' | 'warn'

interface Cause {
  readonly level: Level
  readonly message: string
  /** How often it came up since it was last reported. */
  count: number
}

const causes = new Map<string, Cause>()
let listening: unknown
let timer: NodeJS.Timeout | undefined

/**
 * Says something to `diag`, and nowhere else: whole the first time, then once a minute how often it came up again. Never
 * throws. What nobody hears is not counted: a logger that is registered later is told everything whole.
 * @param message the cause: without anything that differs from time to time
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
    // Outside of the context of this moment, which a timer holds on to.
    timer ??= context.with(ROOT_CONTEXT, () => setTimeout(reportCounts, PERIOD).unref())
    diag[level](message, ...error)
  } catch {
    // A diag logger that throws is telemetry too.
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

// The API does not tell whether there is a logger, or which; what it keeps stands under this registered symbol.
const API = Symbol.for('opentelemetry.js.api.1')

/** Whether a logger is registered with `diag`. */
export function isHeard(): boolean {
  return loggerNow() !== undefined
}

function loggerNow(): unknown {
  return (globalThis as { readonly [API]?: { readonly diag?: unknown } })[API]?.diag
}
