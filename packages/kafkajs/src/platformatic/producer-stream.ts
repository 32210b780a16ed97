import { type Context, context as contextApi } from '@opentelemetry/api'
import { isWrapped, wrapMethod } from '@spanwright/core/plugin'

import type { ProducerStream } from './library.ts'
import { currentTracing } from './tracings.ts'

/** The contexts in which messages waiting in a producer stream were written. */
const written = new WeakMap<object, Context>()

/** Notes the contexts in which messages are written to a producer stream, which sends them later and together. */
export function traceProducerStream(stream: ProducerStream): void {
  if (isWrapped(stream, 'write')) return
  for (const name of ['write', 'end'] as const) {
    wrapMethod(
      stream,
      name,
      (original: ProducerStream['write']) =>
        function noted(this: unknown, message: unknown): unknown {
          if (typeof message === 'object' && message !== null && currentTracing()?.isOn) {
            written.set(message, contextApi.active())
          }
          return Reflect.apply(original, this, arguments)
        },
    )
  }
}

/** Removes and returns the contexts that messages were written in; undefined when none was in a stream. */
export function takeContexts(messages: readonly unknown[]): (Context | undefined)[] | undefined {
  let any = false
  const contexts = messages.map(message => {
    if (typeof message !== 'object' || message === null) return undefined
    const context = written.get(message)
    any ||= written.delete(message)
    return context
  })
  return any ? contexts : undefined
}
