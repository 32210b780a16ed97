import { type Context, context as contextApi } from '@opentelemetry/api'
import { isWrapped, wrapMethod } from '@spanwright/core/plugin'

import type { ProducerStream } from './library.ts'
import { currentTracing } from './tracings.ts'

/** Where messages were written that wait in a stream of a producer. */
const written = new WeakMap<object, Context>()

/** Notes where messages are written into a stream of a producer, which sends them later and together. */
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

/** The contexts that messages were written in, which are forgotten; undefined when none of them was in a stream. */
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
