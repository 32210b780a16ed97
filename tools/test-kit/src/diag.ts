import { EventEmitter, once } from 'node:events'

import { diag, DiagLogLevel } from '@opentelemetry/api'

/** The messages to `diag` at some levels. */
export interface CollectedDiag {
  /** A line for each call: `warn: spanwright: …`. */
  readonly lines: string[]
  /** The first argument of each call. */
  readonly messages: string[]
  /** All arguments of each call. */
  readonly calls: unknown[][]
  /** Waits for the first call, and returns its message. */
  first(): Promise<string>
  /** Stops collecting. */
  stop(): void
}

const LEVELS = { error: DiagLogLevel.ERROR, warn: DiagLogLevel.WARN, info: DiagLogLevel.INFO }

/** Collects the messages to `diag` from now on at a level (default `warn`) and at more severe ones. */
export function collectDiag(level: keyof typeof LEVELS = 'warn'): CollectedDiag {
  const lines: string[] = []
  const messages: string[] = []
  const calls: unknown[][] = []
  const news = new EventEmitter()
  const keep =
    (name: string) =>
    (message: string, ...rest: unknown[]): void => {
      lines.push(`${name}: ${[message, ...rest].map(String).join(' ')}`)
      messages.push(message)
      calls.push([message, ...rest])
      news.emit('call')
    }
  diag.setLogger(
    {
      error: keep('error'),
      warn: keep('warn'),
      info: keep('info'),
      debug: () => {},
      verbose: () => {},
    },
    { logLevel: LEVELS[level], suppressOverrideMessage: true },
  )
  return {
    lines,
    messages,
    calls,
    async first() {
      if (messages.length === 0) await once(news, 'call')
      return messages[0] ?? ''
    },
    stop: () => diag.disable(),
  }
}
